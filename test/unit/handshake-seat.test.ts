import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Entered } from '../../src/auth/entry.ts';
import { openListenerAuth, type Refused } from '../../src/auth/listener-auth.ts';
import type { Admission } from '../../src/gateway/admission.ts';
import { Handshakes, type Admitted } from '../../src/gateway/handshakes.ts';
import { createCounters } from '../../src/ops/counters.ts';

const blocked: Refused = { ok: false, code: 'uid_blocked', message: 'planted' };

/** A handshake that waits for its seat, and then for its uid to be watched: what may change meanwhile, the test changes. */
function createRun() {
  const state = { refusal: undefined as 'too_many_connections' | undefined, shutOut: undefined as Refused | undefined };
  const freed: string[] = [];
  const accepted: Admitted[] = [];
  const unwatched: string[] = [];
  let seat = (_entered: Entered): void => {};
  let watched = (): void => {};
  const handshakes = new Handshakes(
    {
      hub: { refusal: () => state.refusal },
      admission: { retryAfterSeconds: () => undefined } as unknown as Admission,
      counters: createCounters(),
      monotonicMs: () => 0,
      watches: {
        watch: () => new Promise((resolve) => (watched = resolve)),
        unwatch: (uid) => void unwatched.push(uid),
      },
      isLeaving: () => false,
      mayKnock: () => undefined,
      listeners: openListenerAuth,
      entry: {
        enter: () => new Promise((resolve) => (seat = resolve)),
        shutOut: () => state.shutOut,
        leave: (_uid, name) => void freed.push(name),
      },
      onFault: (error) => assert.fail(String(error)),
    },
    { maxUidBytes: 256 },
    (_handshake, admitted) => void accepted.push(admitted),
  );
  let text = '';
  const socket = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  const request = { url: '/ws?uid=1', headers: {} } as unknown as IncomingMessage;
  handshakes.add({ request, socket: socket as unknown as Socket, head: Buffer.alloc(0) });
  return {
    state,
    freed,
    accepted,
    unwatched,
    socket,
    answer: () => text,
    begun: () => turn(),
    async seated(entered: Entered = { ok: true, seat: 's1' }) {
      await turn();
      seat(entered);
      await turn();
    },
    async watched() {
      watched();
      await turn();
    },
  };
}

test('who has his seat and is watched comes in with it', async () => {
  const run = createRun();
  await run.seated();
  assert.equal(run.accepted.length, 0, 'not before he is watched');
  await run.watched();
  assert.deepEqual([run.accepted.map(({ seat }) => seat), run.freed], [['s1'], []]);
});

test('who is refused his seat frees none', async () => {
  const run = createRun();
  await run.seated(blocked);
  assert.match(run.answer(), /^HTTP\/1\.1 403 .*uid_blocked/s);
  assert.deepEqual([run.accepted, run.freed], [[], []]);
});

test('who is shut out, or finds no room, while he waits does not come in, and his seat is free', async () => {
  for (const change of [{ shutOut: blocked }, { refusal: 'too_many_connections' as const }]) {
    const run = createRun();
    await run.seated();
    Object.assign(run.state, change);
    await run.watched();
    assert.match(run.answer(), 'shutOut' in change ? /uid_blocked/ : /too_many_connections/);
    assert.deepEqual([run.accepted, run.freed, run.unwatched], [[], ['s1'], ['1']]);
  }
});

test('who has gone while he waited leaves no seat behind', async () => {
  for (const early of [true, false]) {
    const run = createRun();
    await (early ? run.begun() : run.seated());
    run.socket.destroy();
    await (early ? run.seated() : run.watched());
    assert.deepEqual([run.accepted, run.freed], [[], ['s1']]);
  }
});
