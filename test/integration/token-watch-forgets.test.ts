import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { openEntry } from '../../src/auth/entry.ts';
import { grantByWord } from '../../src/auth/listener-auth.ts';
import { Gateway, type GatewayDeps } from '../../src/gateway/gateway.ts';
import { TokenWatch } from '../../src/gateway/token-watch.ts';
import type { Connection } from '../../src/hub/connection.ts';
import { createCounters } from '../../src/ops/counters.ts';
import { connectWs } from '../support/ws-client.ts';

test('nothing is held for a connection that has closed before its token was over', async (t) => {
  const watches = new Set<TokenWatch>();
  const { watch } = TokenWatch.prototype;
  t.mock.method(TokenWatch.prototype, 'watch', function watched(this: TokenWatch, connection: Connection) {
    watches.add(this);
    watch.call(this, connection);
  });
  const grant = { ...grantByWord('1'), expiresAtMs: Date.now() + 3_600_000 };
  const forgotten: unknown[] = [];
  let isGone = (): void => {};
  const gone = new Promise<void>((resolve) => (isGone = resolve));
  const nothing = (): void => {};
  const deps = {
    hub: { refusal: nothing, add: nothing, remove: nothing },
    heartbeat: { add: nothing, remove: nothing },
    admission: { retryAfterSeconds: nothing },
    counters: createCounters(),
    head: () => 0,
    acknowledge: nothing,
    monotonicMs: () => performance.now(),
    isLeaving: () => false,
    mayKnock: nothing,
    listeners: { isOn: true, authenticate: () => Promise.resolve({ ok: true, grant }) },
    entry: { ...openEntry, enter: () => ({ ok: true, seat: 'a' }), leave: () => isGone() },
    onFault: (error: unknown) => forgotten.push(error),
  } as unknown as GatewayDeps;
  const limits = {
    maxClientFrameBytes: 1024,
    maxClientFrames: 10,
    maxTokenBytes: 1024,
    maxUidBytes: 256,
    connectionBudgetBytes: 1024,
  };
  const gateway = new Gateway(deps, limits);
  const server = createServer().on('upgrade', gateway.upgrade);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const client = await connectWs(t, `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`);
  const sizes = (): number[] => [...watches].map(({ size }) => size);
  assert.deepEqual(sizes(), [1]);
  await client.close();
  await gone;
  assert.deepEqual([sizes(), forgotten], [[0], []]);
});
