import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { maxUids } from '../../src/ops/message-reader.ts';
import { post } from '../support/post.ts';
import { projectRoot } from '../support/project.ts';
import { connectWs, type WsClient } from '../support/ws-client.ts';
import { accepted, adminOf } from './admin-client.ts';
import { startServing } from './serving.ts';

const server = await startServing({ after });
const admin = adminOf(server);
const { url, wsUrl } = server;

const midOf = (frame: unknown): number => (frame as { mid: number }).mid;

async function tracked(scope: Parameters<typeof connectWs>[0], uid: string, query = 'mid='): Promise<WsClient> {
  const client = await connectWs(scope, `${wsUrl}/ws?uid=${uid}&${query}`);
  await client.until((frame) => (frame as { event?: string }).event === 'welcome', 'the welcome');
  return client;
}

test('a message that was received and acknowledged: everything of it is said', async (t) => {
  const clients = [await tracked(t, 'a1'), await tracked(t, 'a1'), await tracked(t, 'a2'), await tracked(t, 'other')];
  const beforeMs = Date.now();
  const id = await accepted(server, { topic: 'uids', topic_ids: ['a1', 'a2', 'a3'], msg: 'm', timeout: 2_121_325_421 });
  const mid = midOf(await clients[0]?.next());
  for (const client of clients.slice(1, 3)) assert.equal(midOf(await client.next()), mid);

  const { appended_at: appendedAt, counted, ...received } = await admin.until(id, ({ written }) => written === 3);
  assert.ok(appendedAt !== null && Math.abs(appendedAt - beforeMs) < 60_000, String(appendedAt));
  assert.ok(counted !== null && counted.since <= appendedAt, 'it was counted from the beginning');
  assert.deepEqual([counted.instances, counted.answered], [1, 1]);
  const nobody = [{ addressed: true, acked: false }];
  assert.deepEqual(received, {
    id,
    state: 'appended',
    accepted: true,
    appended: true,
    mid,
    deliver_at: null,
    expires_at: 2_121_325_421_000,
    topic: 'uids',
    types: 'notice',
    matched: 3,
    written: 3,
    expired: false,
    retracted: false,
    dropped: null,
    acked: 0,
    uids: ['a1', 'a2', 'a3'].map((uid) => ({ uid, ...nobody[0] })),
  });

  clients[0]?.send({ ack: mid });
  const acked = await admin.until(id, (document) => document.acked === 1);
  assert.deepEqual(
    acked.uids?.map(({ uid, acked: isAcked }) => [uid, isAcked]),
    [
      ['a1', true],
      ['a2', false],
      ['a3', false],
    ],
  );
});

test('a cursor below the message acknowledges nothing, one above it does, and nobody acknowledges what he was not sent', async (t) => {
  const client = await tracked(t, 'b1');
  const first = await accepted(server, { topic: 'uids', topic_ids: ['b1', 'b2'], msg: 1 });
  const firstMid = midOf(await client.next());
  const second = await accepted(server, { topic: 'uids', topic_ids: ['b1'], msg: 2 });
  const secondMid = midOf(await client.next());
  client.send({ ack: firstMid });
  await admin.until(first, ({ acked }) => acked === 1);
  assert.equal((await admin.message(second)).acked, 0);
  client.send({ ack: secondMid });
  await admin.until(second, ({ acked }) => acked === 1);
  // An ack that goes back, and one of what nobody was sent yet, change nothing.
  const third = await accepted(server, { topic: 'uids', topic_ids: ['b1'], msg: 3 });
  const thirdMid = midOf(await client.next());
  const ignored = (await server.stats()).counters['ignoredFrames'] ?? 0;
  client.send({ ack: 1 });
  client.send({ ack: thirdMid + 1_000_000_000_000 });
  client.send({ ack: 'all' });
  await server.until(({ counters }) => counters['ignoredFrames'] === ignored + 2, 'the frames to be read');
  assert.equal((await admin.message(third)).acked, 0);
  assert.equal((await admin.message(second)).acked, 1);
});

test('uids are asked for by list, by repetition and in a body; one that it was not for has not acknowledged it', async (t) => {
  const client = await tracked(t, 'c1');
  const id = await accepted(server, { topic: 'uids', topic_ids: ['c1', 'c2', 'c,3'], msg: 'm' });
  client.send({ ack: midOf(await client.next()) });
  await admin.until(id, ({ acked }) => acked === 1);
  const stranger = await tracked(t, 'stranger');
  await accepted(server, { topic: 'uids', topic_ids: ['stranger'], msg: 'm' });
  stranger.send({ ack: midOf(await stranger.next()) });
  const asked = ['stranger', 'c1', 'c,3'];
  const expected = [
    { uid: 'stranger', addressed: false, acked: false },
    { uid: 'c1', addressed: true, acked: true },
    { uid: 'c,3', addressed: true, acked: false },
  ];
  const answers = [
    await admin.message(id, 'uid=stranger&uid=c1&uid=c%2C3'),
    await admin.message(id, 'uids=stranger,c1&uid=c%2C3'),
    (
      await admin.ask(`/messages/${id}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ uids: asked }),
      })
    ).json as Awaited<ReturnType<typeof admin.message>>,
  ];
  for (const answer of answers) {
    assert.deepEqual(answer.uids, expected);
    assert.equal(answer.acked, 1);
  }
});

test('a message to all names nobody unless asked; then everybody is addressed', async (t) => {
  const client = await tracked(t, 'd1');
  const id = await accepted(server, { topic: 'all', msg: 'm' });
  client.send({ ack: midOf(await client.next()) });
  const asked = await admin.until(id, ({ acked }) => acked === 1, 'uids=d1,d2');
  assert.deepEqual(asked.uids, [
    { uid: 'd1', addressed: true, acked: true },
    { uid: 'd2', addressed: true, acked: false },
  ]);
  const { uids, acked, topic } = await admin.message(id);
  assert.deepEqual([uids, acked, topic], [null, null, 'all']);
});

test(`${maxUids} uids are listed without being asked for, one more are not`, async () => {
  const uids = Array.from({ length: maxUids }, (_, index) => `e${index}`);
  const many = await accepted(server, { topic: 'uids', topic_ids: uids, msg: 'm' });
  const tooMany = await accepted(server, { topic: 'uids', topic_ids: [...uids, 'one more'], msg: 'm' });
  assert.equal((await admin.message(many)).uids?.length, maxUids);
  assert.deepEqual(await admin.message(tooMany).then(({ uids: listed, acked }) => [listed, acked]), [null, null]);
  const body = (list: readonly string[]) => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ uids: list }),
  });
  const asked = await admin.ask(`/messages/${tooMany}`, body(uids));
  assert.equal((asked.json as { uids: unknown[] }).uids.length, maxUids);
  const refused = await admin.ask(`/messages/${tooMany}`, body([...uids, 'one more']));
  assert.equal(refused.status, 400);
  assert.match(refused.text, /must name at most 1000 uids/);
});

test('what had expired when it was to be numbered, and what expires later, say so and where', async () => {
  const late = await accepted(server, { topic: 'all', msg: 'm', timeout: Math.floor(Date.now() / 1000) - 5 });
  const never = await admin.message(late);
  assert.deepEqual(
    [never.state, never.accepted, never.appended, never.expired, never.mid],
    ['expired', true, false, true, null],
  );
  assert.deepEqual([never.dropped?.reason, never.dropped?.where], ['expired', 'append']);
  assert.ok((never.dropped?.at ?? 0) > 1e12);

  const timeout = Date.now() + 300;
  const soon = await accepted(server, { topic: 'uids', topic_ids: ['f1'], msg: 'm', timeout });
  const kept = await admin.message(soon);
  assert.deepEqual([kept.appended, kept.expires_at], [true, timeout]);
  const over = await admin.until(soon, ({ state }) => state === 'expired');
  assert.deepEqual(
    [over.appended, over.expired, over.mid, over.dropped],
    [true, true, kept.mid, { reason: 'expired', where: 'journal', at: timeout }],
  );
});

test('what is no longer kept is known by its id where the id was the caller’s, and not otherwise', async (t) => {
  const small = await startServing(t, { flags: ['--retention-messages=2'] });
  const to = { topic: 'uids', topic_ids: ['g1'], msg: 'm' };
  const [named, ours] = [await accepted(small, { ...to, id: 'named' }), await accepted(small, to)];
  for (let count = 0; count < 2; count += 1) await accepted(small, to);
  const gone = await adminOf(small).message(named, 'uids=g1');
  assert.deepEqual([gone.state, gone.appended, gone.topic], ['not_kept', true, null]);
  assert.deepEqual(gone.uids, [{ uid: 'g1', addressed: null, acked: null }]);
  assert.deepEqual([gone.matched, gone.written, gone.acked], [0, 0, null]);
  assert.equal((await adminOf(small).ask(`/messages/${ours}`)).status, 404);
});

test('the items of a batch are found by their ids, with a slash as it is and encoded', async () => {
  const answer = await post(
    url,
    [
      { topic: 'all', msg: 1 },
      { topic: 'all', msg: 2 },
    ],
    { headers: { 'idempotency-key': 'batch' } },
  );
  assert.equal(answer.status, 202);
  for (const path of ['/messages/batch/1', '/messages/batch%2F1']) {
    assert.equal(((await admin.ask(path)).json as { id: string }).id, 'batch/1');
  }
  assert.equal((await admin.ask('/messages/batch')).status, 404);
  const longest = 'k'.repeat(128);
  await post(url, [{ topic: 'all', msg: 0 }], { headers: { 'idempotency-key': longest } });
  assert.equal((await admin.message(`${longest}/0`)).id, `${longest}/0`);
});

test('docs/admin.md shows every member of the document, in its order, and says what each is', async () => {
  const whole = readFileSync(join(projectRoot, 'docs/admin.md'), 'utf8');
  const page = whole.slice(whole.indexOf('\n## GET /messages/:id'));
  const shown = JSON.parse(/```json\n(\{[^`]*\})\n```/.exec(page)?.[1] ?? 'null') as Record<string, unknown>;
  const document = await admin.message(await accepted(server, { topic: 'uids', topic_ids: ['1'], msg: 'm' }));
  assert.deepEqual(Object.keys(shown), Object.keys(document));
  const [row] = document.uids ?? [];
  assert.deepEqual(Object.keys((shown['uids'] as object[])[0] ?? {}), Object.keys(row ?? {}));
  assert.deepEqual(Object.keys(shown['counted'] ?? {}), Object.keys(document.counted ?? {}));
  const said = page.slice(page.indexOf('| member |'));
  for (const member of [
    'mid',
    'appended_at',
    'topic',
    'types',
    'matched',
    'written',
    'counted',
    'dropped',
    'acked',
    'uids',
  ])
    assert.match(said, new RegExp(`\`${member}\``), member);
});
