import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { makeCertificate } from '../support/certificate.ts';
import { screenshot, startChromium } from '../support/chromium.ts';
import { startInstance } from '../support/instance.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { openDemo } from './demo-page.ts';

const secret = 'a-secret-of-this-test-that-is-long-enough-for-HS256';
const key = 'tk_the-key-of-this-test';
const hash = `sha256:${createHash('sha256').update(key).digest('base64url')}`;

const file = { after };
const { flags } = await makeCertificate(await makeTempDir(file), 'served');
const server = await startInstance(file, {
  flags: [...flags, `--token-secret=${secret}`, '--tickets', `--keys=${JSON.stringify([{ name: 'shop', hash }])}`],
});
const chromium = await startChromium(file);
const context = { ignoreHTTPSErrors: true };

function tokenOf(uid: string): string {
  const parts = [
    { alg: 'HS256', typ: 'JWT' },
    { sub: uid, exp: Math.floor(Date.now() / 1000) + 600 },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  return [...parts, createHmac('sha256', secret).update(parts.join('.')).digest('base64url')].join('.');
}

/** Everything that outlives the page, or that somebody could look over a shoulder for. */
async function left(page: Page): Promise<string> {
  const kept = await page.evaluate(`JSON.stringify([location.href, document.title, history.state, document.cookie,
    { ...localStorage }, { ...sessionStorage }, document.body.innerText])`);
  const cookies = await page.context().cookies();
  return `${String(kept)}${JSON.stringify(cookies)}`;
}

test('with a token the page listens, with a key it sends, and keeps neither', async (t) => {
  const token = tokenOf('ann ☂');
  const demo = await openDemo(t, chromium, server.url, { context, expected: /status of 401|WebSocket connection to/ });
  const { page } = demo;
  const addresses: string[] = [];
  page.on('request', (one) => addresses.push(one.url()));
  page.on('websocket', (socket) => addresses.push(socket.url()));

  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await demo.detail('it may want a token');
  const refused = await demo.send({ uids: '1', text: 'without a key' });
  assert.match(refused, /401 Unauthorized/);

  // What is refused has unfolded the fields.
  await page.getByLabel('Token to listen').fill('no token at all');
  await page.getByRole('button', { name: 'Apply', exact: true }).click();
  await page.getByText('A token has letters, digits').waitFor();
  await page.getByLabel('Token to listen').fill(token);
  assert.equal(await page.getByLabel('Listen as uid').inputValue(), 'ann ☂');
  await page.getByRole('button', { name: 'Apply', exact: true }).click();
  await demo.state('Open');
  await page.getByLabel('Key to send').fill('ключ');
  await demo.compose({ uids: 'ann ☂', text: 'with a key' });
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await page.getByText('A key has no spaces').waitFor();
  await page.getByLabel('Key to send').fill(key);
  assert.match(await demo.send({ uids: 'ann ☂', text: 'with a key' }), /202 Accepted/);
  await demo.arrived('with a key');
  assert.equal(await page.locator('[aria-invalid]').count(), 0);
  assert.match(await page.getByLabel('curl command').innerText(), /-H "Authorization: Bearer \$TIDINGS_KEY" \\\n/);
  await screenshot(page, 'demo-access');

  const where = [await left(page), ...addresses].join('\n');
  assert.ok(where.includes('wss:'), where);
  for (const hidden of [token, key]) assert.ok(!where.includes(hidden), hidden);
  await page.reload();
  for (const label of ['Token to listen', 'Key to send']) {
    assert.equal(await page.getByLabel(label).inputValue(), '', label);
  }
  assert.ok(!server.lines.some((line) => line.includes(token) || line.includes(key)));
});

test('a ticket says nothing of whose it is, and the page does not need to know', async (t) => {
  const issued = await fetch(`${server.adminUrl}/tickets`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ uid: 'bob', types: ['notice'], ttl: '1m' }),
  });
  assert.equal(issued.status, 201, await issued.clone().text());
  const { ticket } = (await issued.json()) as { ticket: string };
  const demo = await openDemo(t, chromium, server.url, { context });
  await demo.page.locator('#access-summary').click();
  await demo.page.getByLabel('Token to listen').fill(ticket);
  await demo.page.getByLabel('Listen as uid').fill('');
  await demo.page.getByLabel('Key to send').fill(key);
  await demo.page.getByRole('button', { name: 'Connect', exact: true }).click();
  await demo.state('Open');
  await demo.send({ uids: 'bob', text: 'for the ticket' });
  await demo.arrived('for the ticket');
});
