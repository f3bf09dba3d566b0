import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import type { Writable } from 'node:stream';
import { test } from 'node:test';
import { pingFrame, plainFrame, pongFrame, textFrame, trackedFrame } from '../../src/hub/frame.ts';
import type { Entry } from '../../src/journal/journal.ts';
import { sampleMessage } from '../contract/sample-message.ts';

type Received = readonly [kind: string, data: string, isBinary?: boolean];

/** The receiver of `ws`, as a client has it; its published types leave it out. */
type NewReceiver = new (options: { isServer: boolean; maxPayload: number }) => Writable;
const { Receiver } = createRequire(import.meta.url)('ws') as { Receiver: NewReceiver };

/** What the WebSocket library on the other side makes of the bytes. */
function receive(bytes: Buffer): Promise<Received[]> {
  const received: Received[] = [];
  const receiver = new Receiver({ isServer: false, maxPayload: 0 });
  receiver.on('message', (data: Buffer, isBinary: boolean) => received.push(['message', data.toString(), isBinary]));
  receiver.on('ping', (data: Buffer) => received.push(['ping', data.toString()]));
  receiver.on('pong', (data: Buffer) => received.push(['pong', data.toString()]));
  return new Promise((resolve, reject) => {
    receiver.on('error', reject);
    receiver.write(bytes, () => setImmediate(resolve, received));
  });
}

const texts: readonly string[] = [
  '',
  'a',
  'x'.repeat(125),
  'x'.repeat(126),
  'x'.repeat(65_535),
  'x'.repeat(65_536),
  'x'.repeat(200_000),
  // Lengths count bytes and not characters: each of these is on the other side of a border.
  'é'.repeat(62),
  'é'.repeat(63),
  '漢'.repeat(21_845),
  `${'漢'.repeat(21_845)}x`,
  '🎉'.repeat(31),
  `${'x'.repeat(124)}é`,
  '\u0080',
  '\u00ff',
  '\u0000\u007f',
];

for (const text of texts) {
  test(`a text frame of ${text.length} characters, ${Buffer.byteLength(text)} bytes is read as that text`, async () => {
    assert.deepEqual(await receive(textFrame(text)), [['message', text, false]]);
  });
}

test('a header is as short as it can be', () => {
  for (const [bytes, header] of [
    [0, 2],
    [125, 2],
    [126, 4],
    [65_535, 4],
    [65_536, 10],
  ] as const) {
    assert.equal(textFrame('x'.repeat(bytes)).length, bytes + header);
  }
});

test('frames one after another are read as such', async () => {
  const frames = texts.map(textFrame);
  const all = Buffer.concat([pingFrame, ...frames, pongFrame(Buffer.from('echo')), pongFrame(Buffer.alloc(125, 'p'))]);
  assert.deepEqual(await receive(all), [
    ['ping', ''],
    ...texts.map((text) => ['message', text, false]),
    ['pong', 'echo'],
    ['pong', 'p'.repeat(125)],
  ]);
});

test('an entry becomes the push text, or the same with mid and id before it', async () => {
  const push = '{"types":"notice","msg":12345678901234567890,"time":"t"}';
  const entry: Entry = {
    mid: 9_007_199_254_740_991,
    message: sampleMessage({ id: 'a"\\b', uids: null, push }),
  };
  assert.deepEqual(await receive(plainFrame(entry)), [['message', push, false]]);
  const [tracked] = await receive(trackedFrame(entry));
  assert.equal(tracked?.[1], `{"mid":9007199254740991,"id":"a\\"\\\\b",${push.slice(1)}`);
  assert.equal((JSON.parse(tracked[1]) as { id: string }).id, 'a"\\b');
});

test('a retraction is an event that says which message it takes back, with its own mid before it', async () => {
  const push = '{"event":"retract","id":"a\\"b"}';
  const entry: Entry = { mid: 7, message: sampleMessage({ id: 'its own', push, retracts: 5 }) };
  const [tracked] = await receive(trackedFrame(entry));
  assert.deepEqual(JSON.parse(String(tracked?.[1])), { mid: 7, event: 'retract', id: 'a"b' });
});
