import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startInstance } from '../support/instance.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { connectWs } from '../support/ws-client.ts';
import { accepted, adminOf } from './admin-client.ts';
import { assertError } from './serving.ts';

const midOf = (frame: unknown): number => (frame as { mid: number }).mid;

test('a data directory: after kill -9 what was acknowledged and taken back is so, and what was counted is null', async (t) => {
  const flags = [`--data-dir=${await makeTempDir(t)}`];
  const first = await startInstance(t, { flags });
  const admin = adminOf(first);
  const client = await connectWs(t, `${first.wsUrl}/ws?uid=1&mid=`);
  await client.next();
  const to = { topic: 'uids', topic_ids: ['1', '2'] };
  const kept = await accepted(first, { ...to, msg: 'kept' });
  client.send({ ack: midOf(await client.next()) });
  const before = await admin.until(kept, ({ acked, written }) => acked === 1 && written === 1);
  // Acknowledgements are stored soon, not at once: what is stopped in order has stored them.
  await first.stop();
  const after = { ...before, matched: null, written: null, counted: null };

  const second = await startInstance(t, { flags });
  assert.deepEqual(await adminOf(second).message(kept), after);
  const takenBack = await accepted(second, { ...to, msg: 'taken back' });
  const { mid: cursor } = await adminOf(second).until(takenBack, ({ appended }) => appended);
  const { json } = await adminOf(second).takeBack(takenBack);
  await second.kill();

  const third = await startInstance(t, { flags });
  assert.deepEqual(await adminOf(third).message(kept), after);
  const again = await adminOf(third).takeBack(takenBack);
  assert.deepEqual([again.status, again.json], [200, json]);
  assert.equal((await adminOf(third).message(takenBack)).state, 'retracted');
  const back = await connectWs(t, `${third.wsUrl}/ws?uid=1&mid=${cursor}`);
  await back.next();
  const event = await back.next();
  assert.deepEqual(event, { mid: midOf(event), event: 'retract', id: takenBack });
  const late = await connectWs(t, `${third.wsUrl}/ws?uid=2&mid=${before.mid}`);
  await accepted(third, { ...to, msg: 'end' });
  await late.until((frame) => (frame as { msg?: string }).msg === 'end', 'the end');
  assert.ok(late.frames.every((frame) => (frame as { msg?: string }).msg !== 'taken back'));
  assertError(await adminOf(third).takeBack('nobody'), 'unknown_message');
});
