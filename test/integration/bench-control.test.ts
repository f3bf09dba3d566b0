import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { listenerHeaders, posterHeaders, type Credentials } from '../../bench/load/credentials.ts';
import { runSide } from '../../bench/run-side.ts';
import { CONTROL, type Side } from '../../bench/scenarios.ts';
import { startServer } from '../../bench/servers.ts';
import { endWith } from '../support/cleanup.ts';
import { post } from '../support/post.ts';
import { openRaw } from '../support/raw-socket.ts';
import { upgradeRequest } from '../support/raw-ws.ts';

const root = resolve(import.meta.dirname, '../../..');
/** Bounded by its count, not by time: a busy machine makes it slower, not different. */
const short = { ...CONTROL.plan, maxPosts: 50, durationMs: 30_000, quietMs: 2_000 };

test('the bench calls a server that loses one delivery in a thousand invalid', async () => {
  const { result, invalid } = await runSide({ ...CONTROL, plan: short }, root, false);
  assert.equal(result?.posts, 50);
  assert.equal(result.expectedDeliveries - result.deliveries, 5);
  assert.equal(invalid, '5 x deliveries missing');
});

test('and one that delivers one in a thousand twice', async () => {
  const { result, invalid } = await runSide({ server: 'plain-ws-doubling', plan: short }, root, false);
  assert.equal(result?.posts, 50);
  assert.equal(invalid, '5 x deliveries too many');
});

test('the bench counts every delivery of an honest server, whatever it speaks', async () => {
  const sides: Side[] = [
    { server: 'plain-ws', plan: short },
    { server: 'plain-ws', plan: { ...short, audience: 'single' } },
    { server: 'socket-io', plan: { ...short, protocol: 'socket.io' } },
  ];
  for (const side of sides) {
    const { result, invalid } = await runSide(side, root, false);
    assert.equal(invalid, '');
    assert.equal(result?.deliveries, side.plan.audience === 'single' ? 50 : 5_000);
  }
});

test('what is measured as secured asks for a key, a token and an origin, and its callers show them', async (t) => {
  const server = await startServer('tidings-secured', root);
  endWith(t, () => server.stop());
  const { credentials } = server;
  assert.ok(credentials);
  const url = `http://127.0.0.1:${server.port}`;
  const envelope = { topic: 'all', msg: 'x' };
  assert.equal((await post(url, envelope)).status, 401);
  assert.equal((await post(url, envelope, { headers: posterHeaders(credentials) })).status, 202);
  assert.equal((await post(url, { ...envelope, types: 'alert' }, { headers: posterHeaders(credentials) })).status, 403);

  const upgrade = async (shown: Credentials | null, address = 0): Promise<string> => {
    const socket = await openRaw(t, url);
    await socket.write(upgradeRequest(`${url}/ws?uid=10000`, listenerHeaders(shown, address, 10_000)));
    const head = await socket.receivedUntil((text) => text.includes('\r\n'), 'a status');
    return head.slice('HTTP/1.1 '.length, 'HTTP/1.1 '.length + 3);
  };
  for (const answer of ['101', '101', '429']) assert.equal(await upgrade(credentials, 1), answer, 'of one address');
  assert.equal(await upgrade(null), '401');
  assert.equal(await upgrade({ ...credentials, tokenSecret: 'x'.repeat(43) }), '401');
  assert.equal(await upgrade({ ...credentials, audience: 'somebody-else' }), '401');
  assert.equal(await upgrade({ ...credentials, origin: 'https://example.org' }), '403');
});

test('and counts every delivery of it', async () => {
  for (const audience of ['all', 'single'] as const) {
    const { result, invalid } = await runSide({ server: 'tidings-secured', plan: { ...short, audience } }, root, false);
    assert.equal(invalid, '');
    assert.equal(result?.deliveries, audience === 'single' ? 50 : 5_000);
  }
});

test('the bench says why there is no result when a server takes no connections', async () => {
  const { result, invalid } = await runSide({ server: 'plain-http', plan: short }, root, false);
  assert.equal(result, undefined);
  assert.match(invalid, /^generator: /);
});
