import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { openEntry } from '../../src/auth/entry.ts';
import { openListenerAuth } from '../../src/auth/listener-auth.ts';
import { Gateway, type GatewayDeps } from '../../src/gateway/gateway.ts';
import { createCounters } from '../../src/ops/counters.ts';
import { eventually } from '../support/deadline.ts';
import { upgradeRequest } from '../support/raw-ws.ts';

const LISTENERS = 100;
/** What the clock of this test goes on with each look at it: of the 5 ms of a turn, two closes see the end. */
const LOOK_MS = 3;

test('connections that are lost together are let go in many turns of the event loop, so that a post finds its own', async (t) => {
  let turn = 0;
  let looks = 0;
  let added = 0;
  const goneInTurn: number[] = [];
  const hub = {
    refusal: () => undefined,
    add: () => (added += 1),
    remove: () => goneInTurn.push(turn),
  };
  const deps = {
    hub,
    heartbeat: { add() {}, remove() {} },
    admission: { retryAfterSeconds: () => undefined },
    counters: createCounters(),
    head: () => 0,
    acknowledge: () => {},
    monotonicMs: () => (looks += LOOK_MS),
    isLeaving: () => false,
    mayKnock: () => undefined,
    listeners: openListenerAuth,
    entry: openEntry,
  } as unknown as GatewayDeps;
  const gateway = new Gateway(deps, {
    maxClientFrameBytes: 1024,
    maxClientFrames: 10,
    maxUidBytes: 256,
    maxTokenBytes: 1024,
    connectionBudgetBytes: 1024,
  });
  const server = createServer();
  server.on('upgrade', gateway.upgrade);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const sockets = Array.from({ length: LISTENERS }, (_, uid) => {
    const socket = connect(port, '127.0.0.1');
    t.after(() => socket.destroy());
    socket.write(upgradeRequest(`http://127.0.0.1:${port}/ws?uid=${uid}`));
    return socket;
  });
  await eventually(() => added === LISTENERS || undefined, 'all to be connected');

  let isCounting = true;
  const count = (): void => {
    turn += 1;
    if (isCounting) setImmediate(count);
  };
  count();
  for (const socket of sockets) socket.destroy();
  await eventually(() => goneInTurn.length === LISTENERS || undefined, 'all to be gone');
  isCounting = false;
  const perTurn = Math.max(
    ...[...new Set(goneInTurn)].map((one) => goneInTurn.filter((other) => other === one).length),
  );
  assert.ok(perTurn <= 5, `${perTurn} in one turn`);
});
