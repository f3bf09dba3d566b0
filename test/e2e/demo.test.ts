import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { screenshot, startChromium } from '../support/chromium.ts';
import { startInstance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { runProgram } from '../support/run-command.ts';
import { openDemo } from './demo-page.ts';

const file = { after };
const server = await startInstance(file);
const chromium = await startChromium(file);

test('a message to uids arrives on their pages only, a message to all on every page', async (t) => {
  const first = await openDemo(t, chromium, server.url);
  await first.page.getByRole('button', { name: 'Connect', exact: true }).click();
  const second = await openDemo(t, chromium, server.url, { query: '?uid=2' });
  await Promise.all([first.state('Open'), second.state('Open')]);

  const answer = await first.send({ uids: '1', text: 'for uid 1' });
  assert.match(answer, /202 Accepted/);
  assert.match(answer, /id\s+[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/);
  assert.match(answer, /accepted\s+volatile/);
  await second.send({ text: 'for all' });

  await Promise.all([first.arrived('for all'), second.arrived('for all')]);
  assert.deepEqual(await first.bodies(), ['for all', 'for uid 1']);
  assert.deepEqual(await second.bodies(), ['for all']);
  await first.page.getByText('2 arrived', { exact: true }).waitFor();

  await first.page.getByRole('button', { name: 'Clear' }).click();
  assert.deepEqual(await first.bodies(), []);
});

test('the page can be worked by the keyboard alone', async (t) => {
  const { page, state, arrived } = await openDemo(t, chromium, server.url);
  const focused = async (name: string): Promise<void> => {
    await page.keyboard.press('Tab');
    await page.locator(`#${name}:focus-visible, [value="${name}"]:focus-visible`).waitFor();
  };
  for (const name of ['second-tab', 'uid', 'types', 'tracked', 'connect']) await focused(name);
  await page.keyboard.press('Enter');
  await state('Open');
  assert.equal(await page.evaluate('document.activeElement.id'), 'disconnect');
  for (const name of ['access-summary', 'uids', 'to-uids', 'type', 'expiry', 'as-json', 'message']) await focused(name);
  await page.keyboard.press('Control+a');
  await page.keyboard.type('typed');
  await page.keyboard.press('Control+Enter');
  await arrived('typed');
  const unnamed = `[...document.querySelectorAll('input, select, textarea')]
    .filter((field) => field.labels.length === 0 && !field.ariaLabel).length`;
  assert.equal(await page.evaluate(unnamed), 0);
});

test('markup in a message is shown as text', async (t) => {
  const { page, state, send, arrived, bodies } = await openDemo(t, chromium, server.url, { query: '?uid=1' });
  await state('Open');
  const title = await page.title();
  const markup = `<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>`;
  await send({ uids: '1', text: markup });
  await send({ uids: '1', text: JSON.stringify({ [markup]: markup }), json: true });
  await arrived('{');
  assert.deepEqual(await bodies(), [JSON.stringify({ [markup]: markup }, null, 2), markup]);
  assert.equal(await page.locator('#arrivals :is(img, script)').count(), 0);
  assert.equal(await page.title(), title);
});

test('an expiry is sent as the instant in Unix seconds, and cannot lie in the past', async (t) => {
  const { page, state, send, arrived } = await openDemo(t, chromium, server.url, { query: '?uid=1' });
  await state('Open');
  const sent: unknown[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/send')) sent.push(request.postDataJSON());
  });
  const earliest = Math.floor(Date.now() / 1000) + 10;
  await send({ uids: '1', text: 'expires', expiry: 'in 10 seconds' });
  const latest = Math.floor(Date.now() / 1000) + 10;
  await send({ uids: '1', text: 'stays' });
  await arrived('expires');
  const [expires, stays] = sent as [{ timeout: number }, object];
  assert.ok(expires.timeout >= earliest && expires.timeout <= latest, String(expires.timeout));
  assert.deepEqual(stays, { topic: 'uids', topic_ids: ['1'], types: 'notice', msg: 'stays' });
  const choices = await page.getByLabel('Expires').locator('option').all();
  const seconds = await Promise.all(choices.map((choice) => choice.getAttribute('value')));
  assert.deepEqual(seconds, ['0', '10', '60', '3600']);
});

test('a page gets only the types that it listens for, and says which it does not', async (t) => {
  const alerts = await openDemo(t, chromium, server.url, { query: '?uid=1&types=alert,on call' });
  const all = await openDemo(t, chromium, server.url, { query: '?uid=1&types=*' });
  await Promise.all([alerts.state('Open'), all.state('Open')]);
  await alerts.compose({ text: 'a notice' });
  await alerts.page.getByText('This page does not listen for type notice.').waitFor();
  for (const type of ['notice', 'on call', 'alert']) await alerts.send({ type, text: `of type ${type}` });
  await Promise.all([alerts.arrived('of type alert'), all.arrived('of type alert')]);
  assert.deepEqual(await alerts.bodies(), ['of type alert', 'of type on call']);
  assert.deepEqual(await all.bodies(), ['of type alert', 'of type on call', 'of type notice']);
});

test('a JSON message arrives digit by digit; what is no JSON is not sent; a refusal is shown whole', async (t) => {
  const { page, state, compose, send, arrived, bodies } = await openDemo(t, chromium, server.url, {
    query: '?uid=1',
    expected: /status of 400/,
  });
  await state('Open');
  await compose({ uids: '1', text: '{"id": 1234', json: true });
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await page.getByText('Not JSON').waitFor();
  assert.equal(await page.getByLabel('Message').getAttribute('aria-invalid'), 'true');
  await send({ uids: '1', text: '{"id": 12345678901234567890, "price": 1.10}', json: true });
  await arrived('price');
  assert.deepEqual(await bodies(), ['{\n  "id": 12345678901234567890,\n  "price": 1.10\n}']);

  const answer = await send({ uids: '1', type: 'one,two', text: 'refused' });
  assert.match(answer, /400 Bad Request/);
  assert.match(answer, /code\s+invalid_envelope/);
  assert.match(answer, /types\s+must be one type name/);
});

test('the command beside the form posts the same, whatever is in the message', async (t) => {
  const { page, compose } = await openDemo(t, chromium, server.url);
  const text = `it's "quoted" $HOME \`id\` \\ 'two\nlines`;
  await compose({ uids: '1, 2', type: 'alert', text, expiry: 'in 1 minute' });
  const command = await page.getByLabel('curl command').innerText();
  const fake = `curl() { for word in "$@"; do printf '%s\\0' "$word"; done; }`;
  const { stdout } = await runProgram('sh', ['-c', `${fake}\n${command}`]);
  const [, url, , header, , body = ''] = stdout.split('\0');
  assert.equal(url, `${server.url}/send`);
  assert.equal(header, 'Content-Type: application/json');
  const { timeout, ...rest } = JSON.parse(body) as { timeout: number };
  assert.deepEqual(rest, { topic: 'uids', topic_ids: ['1', '2'], types: 'alert', msg: text });
  assert.ok(Math.abs(timeout - 60 - Date.now() / 1000) < 30, String(timeout));
  assert.equal((await post(server.url, body)).status, 202);
});

test('a burst leaves the newest 200, and the page still counts them all', async (t) => {
  const { page, state, bodies } = await openDemo(t, chromium, server.url, { query: '?uid=burst' });
  await state('Open');
  const envelopes = Array.from({ length: 450 }, (_, n) => ({
    topic: 'uids',
    topic_ids: ['burst'],
    msg: `message ${n}`,
  }));
  assert.equal((await post(server.url, envelopes)).status, 202);
  await page.getByText('450 arrived', { exact: true }).waitFor();
  const newest = Array.from({ length: 200 }, (_, n) => `message ${449 - n}`);
  assert.deepEqual(await bodies(), newest);
});

test('the page remembers who it was, and an address says who it is', async (t) => {
  const { page, state } = await openDemo(t, chromium, server.url);
  await page.getByLabel('Listen as uid').fill('ann');
  await page.getByLabel('Types').fill('alert, notice');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await state('Open');
  assert.equal(new URL(page.url()).search, '?uid=ann&types=alert,notice');
  await page.goto(`${server.url}/demo/`);
  assert.equal(await page.getByLabel('Listen as uid').inputValue(), 'ann');
  assert.equal(await page.getByLabel('Types').inputValue(), 'alert,notice');
  await state('Not connected');
});

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [name, width, height] of [['desktop', 1280, 800] as const, ['phone', 360, 740] as const]) {
    test(`the page fits a ${name} in ${colorScheme} mode`, async (t) => {
      const { page, state, send, arrived } = await openDemo(t, chromium, server.url, {
        query: '?uid=look&types=*',
        context: { viewport: { width, height }, colorScheme, reducedMotion: 'reduce' },
      });
      await state('Open');
      const long = 'a-message-without-any-place-to-break-it-'.repeat(8);
      await send({ text: long, type: 'a-type-name-of-the-greatest-length-that-there-is-'.padEnd(64, 'x') });
      await send({ text: '{"service":"billing","version":"4.18.2","ok":true}', type: 'deploy', json: true });
      await send({ text: 'Invoice 2026-1187 is paid.', type: 'invoice', expiry: 'in 1 minute' });
      await arrived('Invoice');
      assert.equal(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), 0);
      await screenshot(page, `demo-${name}-${colorScheme}`);
    });
  }
}
