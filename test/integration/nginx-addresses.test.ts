import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { startInstance } from '../support/instance.ts';
import { connectWs, refusedWs } from '../support/ws-client.ts';
import { portOf, startProxy } from './nginx/proxy.ts';

const claim = { headers: { 'x-forwarded-for': '192.0.2.1' } };

/** The address of a listener through nginx, before an instance that takes one connection of each address. */
async function behindNginx(t: TestContext, replace: [string, string][]): Promise<string> {
  const flags = ['--trust-proxy=loopback', '--max-connections-per-address=1'];
  const primary = portOf(await startInstance(t, { flags }));
  return `${(await startProxy(t, { primary, backup: await freePort(), replace })).wsUrl}/ws?uid=1`;
}

test('the address is the one that nginx says, and the refusal passes as it is', async (t) => {
  const url = await behindNginx(t, [['X-Forwarded-For $remote_addr', 'X-Forwarded-For 192.0.2.1']]);
  await connectWs(t, url);
  const { status, text, headers } = await refusedWs(url);
  assert.equal(status, 429);
  assert.match(text, /address_connections_exceeded/);
  assert.ok(Number(headers['retry-after']) > 0);
});

test('what a client writes in its place does not reach the instance', async (t) => {
  const url = await behindNginx(t, []);
  for (let count = 0; count < 3; count += 1) await connectWs(t, url, claim);
});
