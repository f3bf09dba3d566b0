import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connectWs } from '../support/ws-client.ts';
import { accepted, adminOf } from './admin-client.ts';
import { assertError, startServing } from './serving.ts';

const server = await startServing({ after });
const admin = adminOf(server);
const { wsUrl } = server;

type Frame = Readonly<Record<string, unknown>>;

/** Frames beside the welcome, without what differs from run to run. */
function said(frames: readonly unknown[]): unknown[] {
  return (frames as Frame[])
    .filter(({ event }) => event !== 'welcome')
    .map(({ event, id, msg }) => (event === undefined ? msg : { event, id }));
}

test('who has it is told, and nobody who comes later gets it', async (t) => {
  const has = await connectWs(t, `${wsUrl}/ws?uid=a1&mid=`);
  const plain = await connectWs(t, `${wsUrl}/ws?uid=a1`);
  const stranger = await connectWs(t, `${wsUrl}/ws?uid=stranger&mid=`);
  const otherType = await connectWs(t, `${wsUrl}/ws?uid=a1&mid=&types=other`);
  const to = { topic: 'uids', topic_ids: ['a1', 'a2'] };
  const cursor = (await server.stats()).gauges.mid;
  const id = await accepted(server, { ...to, msg: 'taken back' });
  await has.until((frame) => (frame as Frame)['id'] === id, 'the message');

  const answer = await admin.takeBack(id);
  assert.equal(answer.status, 200, answer.text);
  const { mid } = await admin.message(id);
  assert.deepEqual(answer.json, { id, state: 'retracted', mid });
  const event = (await has.until((frame) => (frame as Frame)['event'] === 'retract', 'the event')) as { mid: number };
  assert.deepEqual(event, { mid: event.mid, event: 'retract', id });
  assert.ok(event.mid > (mid ?? Infinity), 'the event has a number of its own, after the message’s');

  await accepted(server, { ...to, msg: 'end' });
  await accepted(server, { topic: 'all', msg: 'end of all' });
  await accepted(server, { topic: 'all', types: 'other', msg: 'end of other' });
  for (const client of [has, plain, stranger]) {
    await client.until((frame) => (frame as Frame)['msg'] === 'end of all', 'the end');
  }
  await otherType.until((frame) => (frame as Frame)['msg'] === 'end of other', 'the end');
  assert.deepEqual(said(has.frames), ['taken back', { event: 'retract', id }, 'end', 'end of all']);
  assert.deepEqual(said(plain.frames), ['taken back', 'end', 'end of all'], 'a plain one hears of no events');
  assert.deepEqual(said(stranger.frames), ['end of all']);
  assert.deepEqual(said(otherType.frames), ['end of other']);

  // Who was away has missed both: the message is not there any more, of the event it may or may not be told.
  const later = await connectWs(t, `${wsUrl}/ws?uid=a2&mid=${cursor}`);
  await later.until((frame) => (frame as Frame)['msg'] === 'end of all', 'what was missed');
  assert.ok(!said(later.frames).includes('taken back'));
  assert.deepEqual(
    said(later.frames).filter((one) => typeof one === 'string'),
    ['end', 'end of all'],
  );
});

test('a client that comes back after the message, and before the event, is told of it', async (t) => {
  const first = await connectWs(t, `${wsUrl}/ws?uid=b1&mid=`);
  const id = await accepted(server, { topic: 'uids', topic_ids: ['b1'], msg: 'm' });
  const { mid } = (await first.until((frame) => (frame as Frame)['id'] === id)) as { mid: number };
  await first.close();
  assert.equal((await admin.takeBack(id)).status, 200);
  const again = await connectWs(t, `${wsUrl}/ws?uid=b1&mid=${mid}`);
  await again.until((frame) => (frame as Frame)['event'] === 'retract', 'the event');
  assert.deepEqual(said(again.frames), [{ event: 'retract', id }]);
});

test('taken back again, also by several at once: the same answer and one event', async (t) => {
  const client = await connectWs(t, `${wsUrl}/ws?uid=c1&mid=`);
  const id = await accepted(server, { topic: 'uids', topic_ids: ['c1'], msg: 'm' });
  const answers = await Promise.all([1, 2, 3].map(() => admin.takeBack(id)));
  answers.push(await admin.takeBack(id));
  const { mid } = await admin.message(id);
  for (const { status, json } of answers) {
    assert.equal(status, 200);
    assert.deepEqual(json, { id, state: 'retracted', mid });
  }
  await accepted(server, { topic: 'uids', topic_ids: ['c1'], msg: 'end' });
  await client.until((frame) => (frame as Frame)['msg'] === 'end', 'the end');
  assert.deepEqual(said(client.frames), ['m', { event: 'retract', id }, 'end']);
  const { state, retracted, dropped, topic } = await admin.message(id);
  assert.deepEqual(
    [state, retracted, dropped, topic],
    ['retracted', true, { reason: 'retracted', where: 'journal', at: null }, null],
  );
});

test('a post that comes again after its message was taken back is answered as before, and not delivered', async (t) => {
  const client = await connectWs(t, `${wsUrl}/ws?uid=d1&mid=`);
  const id = await accepted(server, { topic: 'all', msg: 'm', id: 'd' });
  await admin.takeBack(id);
  const event = await client.until((frame) => (frame as Frame)['event'] === 'retract', 'the event');
  assert.equal((event as { id: string }).id, 'd');
  assert.equal((await admin.message('d')).state, 'retracted');
  assert.equal(await accepted(server, { topic: 'all', msg: 'm', id: 'd' }), 'd');
  await accepted(server, { topic: 'all', msg: 'end' });
  await client.until((frame) => (frame as Frame)['msg'] === 'end', 'the end');
  assert.deepEqual(said(client.frames), ['m', { event: 'retract', id: 'd' }, 'end']);
});

test('what has expired, what is not kept and what nobody knows cannot be taken back', async (t) => {
  assertError(await admin.takeBack('nobody'), 'unknown_message');
  const timeout = Date.now() + 200;
  const soon = await accepted(server, { topic: 'all', msg: 'm', timeout });
  await admin.until(soon, ({ state }) => state === 'expired');
  assert.match(assertError(await admin.takeBack(soon), 'message_gone').message, /timeout is over/);

  const small = await startServing(t, { flags: ['--retention-messages=1'] });
  const id = await accepted(small, { topic: 'all', msg: 'm', id: 'pushed-out' });
  await accepted(small, { topic: 'all', msg: 'm' });
  assert.match(assertError(await adminOf(small).takeBack(id), 'message_gone').message, /no longer kept/);
});
