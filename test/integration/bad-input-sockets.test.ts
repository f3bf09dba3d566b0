import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { post } from '../support/post.ts';
import { openRaw, type RawSocket } from '../support/raw-socket.ts';
import { closeCodeIn, encodeFrame, openRawWs, type RawFrame } from '../support/raw-ws.ts';
import { connectWs } from '../support/ws-client.ts';
import { assertError, ended, readAnswers, startServing } from './serving.ts';

const server = await startServing(
  { after },
  { flags: ['--request-timeout=500ms', '--ping-interval=1s', '--max-client-frames=20'] },
);
const { url, wsUrl } = server;

const open = (uid = 'hostile'): Promise<RawSocket> => openRawWs({ after }, `${wsUrl}/ws?uid=${uid}`);

/** The answer to a close frame, without which the server would wait for one. */
const goodbye = encodeFrame({ opcode: 8, payload: Buffer.from([0x03, 0xe8]) });

async function counter(name: string): Promise<number> {
  return (await server.stats()).counters[name] ?? 0;
}

/** Only the honest client is left, and it is served. */
async function assertAlone(): Promise<void> {
  await server.until(({ gauges }) => gauges.connections === 1 && gauges.uids === 1, 'the hostile ones to be forgotten');
  await server.serves();
}

const frames: readonly [string, number, readonly RawFrame[]][] = [
  ['1 MB in a frame', 1009, [{ payload: Buffer.alloc(1024 * 1024, 'x') }]],
  ['a frame that claims 8 EB', 1009, [{ claimedBytes: Number.MAX_SAFE_INTEGER }]],
  ['one byte over the limit', 1009, [{ payload: Buffer.alloc(4097, 'x') }]],
  ['parts that are too large together', 1009, Array.from({ length: 5 }, (_, at) => ({ opcode: at === 0 ? 1 : 0, fin: false, payload: 'x'.repeat(1000) }))],
  ['a frame that is not masked', 1002, [{ payload: 'x', masked: false }]],
  ['reserved bits', 1002, [{ payload: 'x', reserved: 4 }]],
  ['an unknown opcode', 1002, [{ opcode: 3 }]],
  ['a continuation of nothing', 1002, [{ opcode: 0, payload: 'x' }]],
  ['a new message within one', 1002, [{ fin: false, payload: 'x' }, { payload: 'y' }]],
  ['a ping in parts', 1002, [{ opcode: 9, fin: false }]],
  ['a ping of 126 bytes', 1002, [{ opcode: 9, payload: 'x'.repeat(126) }]],
  ['text that is no UTF-8', 1007, [{ payload: Buffer.from([0xc3, 0x28]) }]],
  ['a goodbye with a code that is none', 1002, [{ opcode: 8, payload: Buffer.from([0, 1]) }]],
  ['fragments without end', 1008, Array.from({ length: 200 }, (_, at) => ({ opcode: at === 0 ? 1 : 0, fin: false, payload: 'x' }))],
]; // prettier-ignore

for (const [name, code, sent] of frames) {
  test(`${name}: closed with ${code}`, async () => {
    const before = await counter('protocolErrors');
    const socket = await open();
    for (const frame of sent) await socket.write(encodeFrame(frame));
    assert.equal(closeCodeIn(await ended(socket)), code);
    socket.end();
    await assertAlone();
    assert.equal(await counter('protocolErrors'), before + 1);
  });
}

test('the largest frame that is allowed is read', async () => {
  const before = await counter('ignoredFrames');
  const socket = await open();
  await socket.write(encodeFrame({ payload: Buffer.alloc(4096, 'x') }));
  await server.until(({ counters }) => counters['ignoredFrames'] === before + 1, 'the frame to be read');
  socket.reset();
  await assertAlone();
});

test('a binary frame is counted and ignored', async () => {
  const before = await counter('ignoredFrames');
  const socket = await open();
  await socket.write(encodeFrame({ opcode: 2, payload: Buffer.from([0, 255, 1]) }));
  await server.until(({ counters }) => counters['ignoredFrames'] === before + 1, 'the frame to be counted');
  await socket.write(encodeFrame({ opcode: 9, payload: 'still here' }));
  await socket.receivedUntil((text) => text.includes('still here'), 'the pong');
  socket.reset();
  await assertAlone();
});

test('a flood of frames is closed with 1008', async () => {
  const before = await counter('floods');
  for (const frame of [
    { payload: '{"ack":1}' },
    { opcode: 9, payload: 'x'.repeat(125) },
    { opcode: 10 },
    { payload: '' },
  ]) {
    const socket = await open();
    await socket.write(Buffer.concat([...Array.from({ length: 1000 }, () => encodeFrame(frame)), goodbye]));
    assert.equal(closeCodeIn(await ended(socket)), 1008, JSON.stringify(frame));
    socket.reset();
  }
  await assertAlone();
  assert.equal(await counter('floods'), before + 4);
});

test('one that floods with pings and reads nothing is closed, and costs no memory', async () => {
  const before = memoryOf(server.pid);
  const ping = Buffer.concat(Array.from({ length: 1000 }, () => encodeFrame({ opcode: 9, payload: 'x'.repeat(125) })));
  for (let round = 0; round < 20; round += 1) {
    const socket = await open();
    socket.pause();
    await socket.write(ping);
    await socket.write(ping);
    socket.reset();
  }
  await assertAlone();
  assert.ok(memoryOf(server.pid) < before + 50 * 1024 * 1024);
});

test('one that reads nothing is closed as too slow, while others get everything in order', async (t) => {
  // With the usual ping interval: here it must be the budget that ends it.
  const own = await startServing(t, { flags: ['--connection-budget=64KiB', '--behind-timeout=500ms'] });
  const slow = await openRawWs(t, `${own.wsUrl}/ws?uid=slow`);
  const eager = await connectWs(t, `${own.wsUrl}/ws?uid=eager&mid=`);
  slow.pause();
  const msg = 'x'.repeat(50_000);
  let count = 0;
  const send = async (): Promise<void> => {
    assert.equal((await post(own.url, { topic: 'all', msg: `${count} ${msg}` })).status, 202);
    count += 1;
  };
  const isBehind = async (): Promise<boolean> => (await own.stats()).counters['fellBehind'] === 1;
  // The system holds some MB for it before the server has to.
  while (count < 2000 && !(await isBehind())) for (let more = 0; more < 10; more += 1) await send();
  assert.ok(count < 2000, 'it never fell behind');
  await own.until(({ counters }) => counters['tooSlow'] === 1, 'it to be given up');
  slow.resume();
  await slow.write(goodbye);
  assert.equal(closeCodeIn(await ended(slow)), 1013, 'it is told, if it reads again in time');
  slow.reset();
  await send();
  await eager.count(1 + count);
  for (const [index, frame] of eager.frames.slice(1).entries()) {
    assert.ok((frame as { msg: string }).msg.startsWith(`${index} `));
  }
  await own.until(({ gauges }) => gauges.connections === 2, 'the slow one to be forgotten');
  await own.serves();
  assert.equal((await own.stats()).counters['tooSlow'], 1);
});

test('one that answers no ping is dropped, and all of it is freed', async () => {
  const before = await counter('deadPeers');
  const silent = [await open('silent'), await open('silent'), await open('other')];
  const alive = await connectWs({ after }, `${wsUrl}/ws?uid=alive`);
  await Promise.all(silent.map(ended));
  await server.until(({ gauges }) => gauges.connections === 2 && gauges.uids === 2, 'the silent to be forgotten');
  assert.equal(await counter('deadPeers'), before + 3);
  assert.ok(alive.isOpen(), 'who answers stays');
  for (const socket of silent) assert.ok(socket.received().includes(Buffer.from([0x89, 0])), 'it was asked');
  await alive.close();
  await assertAlone();
});

test('one that sends half a frame, or half a handshake, and then nothing is dropped', async (t) => {
  const half = await open();
  await half.write(encodeFrame({ payload: 'x'.repeat(1000) }).subarray(0, 500));
  const handshake = await openRaw(t, url);
  await handshake.write('GET /ws?uid=1 HTTP/1.1\r\nUpgrade: websocket\r\n');
  const [answer] = readAnswers((await ended(handshake)).toString());
  assertError(answer ?? assert.fail(), 'request_timeout');
  await ended(half);
  await assertAlone();
});

test('one that vanishes without a word, or in the middle of a frame, is forgotten', async () => {
  for (const leave of ['end', 'reset'] as const) {
    const socket = await open();
    await socket.write(encodeFrame({ payload: 'x'.repeat(100) }).subarray(0, 50));
    socket[leave]();
  }
  await assertAlone();
});

test('1,000 connects and disconnects during posts: no crash, nobody left, no memory kept', async () => {
  const before = memoryOf(server.pid);
  const connectedBefore = await counter('connected');
  let isOver = false;
  let posts = 0;
  const posting = (async () => {
    while (!isOver) {
      const answer = await post(url, {
        topic: posts % 2 === 0 ? 'all' : 'uids',
        topic_ids: ['churn'],
        msg: 'x'.repeat(500),
      });
      assert.equal(answer.status, 202);
      posts += 1;
    }
  })();
  const churn = async (): Promise<void> => {
    for (let round = 0; round < 100; round += 1) {
      const socket = await openRawWs({ after }, `${wsUrl}/ws?uid=churn&types=*${round % 3 === 0 ? '&mid=' : ''}`);
      if (round % 4 === 0) await socket.write(encodeFrame({ payload: '{"types":["notice"]}' }));
      if (round % 2 === 0) socket.reset();
      else {
        await socket.write(goodbye);
        socket.end();
      }
    }
  };
  await Promise.all(Array.from({ length: 10 }, churn));
  isOver = true;
  await posting;
  assert.ok(posts > 50, `${posts} posts`);
  assert.equal((await counter('connected')) - connectedBefore, 1000);
  await assertAlone();
  const grownBytes = memoryOf(server.pid) - before;
  assert.ok(grownBytes < 50 * 1024 * 1024, `${grownBytes} bytes more`);
});

/** The resident memory of a process, in bytes. */
function memoryOf(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (match === null) throw new Error(`no VmRSS of ${pid}`);
  return Number(match[1]) * 1024;
}
