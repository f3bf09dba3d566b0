import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameCounter, type FrameSink } from '../../bench/load/frame-counter.ts';

const TEXT = 1;
const BINARY = 2;
const CONTINUATION = 0;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** A server's frame as RFC 6455 section 5.2 writes it. */
function frame(opcode: number, payload: Buffer, fin = true): Buffer {
  const first = (fin ? 0x80 : 0) | opcode;
  if (payload.length < 126) return Buffer.concat([Buffer.from([first, payload.length]), payload]);
  const head = Buffer.alloc(payload.length < 65_536 ? 4 : 10);
  head[0] = first;
  head[1] = payload.length < 65_536 ? 126 : 127;
  if (payload.length < 65_536) head.writeUInt16BE(payload.length, 2);
  else head.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([head, payload]);
}

/** Payload bytes that look like frame headers of every kind, so that a hop that lands wrong cannot go unseen. */
function payload(bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, (_, i) => [0x81, 0x02, 0x89, 0x7e][i % 4]!));
}

function recordingSink(sampleEvery: number) {
  const controls: string[] = [];
  const samples: Buffer[] = [];
  const sink: FrameSink = {
    untilSample: sampleEvery,
    sample(bytes, start, end) {
      sink.untilSample = sampleEvery;
      samples.push(Buffer.from(bytes.subarray(start, end)));
    },
    control(_counter, opcode, bytes) {
      controls.push(`${opcode}:${Buffer.from(bytes).toString()}`);
    },
  };
  return { sink, controls, samples };
}

/** Pushes the stream in the given pieces; each chunk lies inside a larger buffer, as a reused read buffer gives it. */
function count(stream: Buffer, cuts: number[], sampleEvery = Infinity, ignoreOneByte = false) {
  const { sink, controls, samples } = recordingSink(sampleEvery);
  const counter = new FrameCounter(sink, ignoreOneByte);
  const reused = Buffer.alloc(stream.length + 20);
  let returned = 0;
  let from = 0;
  for (const to of [...cuts, stream.length]) {
    reused.fill(0xff);
    stream.copy(reused, 7, from, to);
    returned += counter.push(reused, 7, 7 + to - from);
    from = to;
  }
  return { counter, returned, controls, samples };
}

function everyNth(length: number, step: number): number[] {
  return Array.from({ length: Math.ceil(length / step) - 1 }, (_, i) => (i + 1) * step);
}

const mixed = Buffer.concat([
  frame(TEXT, payload(0)),
  frame(TEXT, payload(1)),
  frame(PING, Buffer.from('are you there')),
  frame(TEXT, payload(125)),
  frame(BINARY, payload(126)),
  frame(PONG, Buffer.from('nobody asked')),
  frame(TEXT, payload(300)),
  frame(TEXT, payload(20), false),
  frame(PING, Buffer.alloc(0)),
  frame(CONTINUATION, payload(30), false),
  frame(CONTINUATION, payload(10)),
  frame(TEXT, payload(7)),
  frame(CLOSE, Buffer.from([0x03, 0xf4])),
]);
const MIXED_MESSAGES = 7;
const MIXED_CONTROLS = ['9:are you there', '9:', `8:${Buffer.from([0x03, 0xf4]).toString()}`];

test('counts messages, not frames, in one chunk', () => {
  const { counter, returned, controls } = count(mixed, []);
  assert.equal(counter.deliveries, MIXED_MESSAGES);
  assert.equal(returned, MIXED_MESSAGES);
  assert.deepEqual(controls, MIXED_CONTROLS);
  assert.ok(counter.atBoundary);
});

test('counts the same wherever the stream is cut in two', () => {
  for (let cut = 1; cut < mixed.length; cut++) {
    const { counter, returned, controls } = count(mixed, [cut]);
    assert.equal(counter.deliveries, MIXED_MESSAGES, `cut at ${cut}`);
    assert.equal(returned, MIXED_MESSAGES, `cut at ${cut}`);
    assert.deepEqual(controls, MIXED_CONTROLS, `cut at ${cut}`);
    assert.ok(counter.atBoundary, `cut at ${cut}`);
  }
});

test('counts the same in chunks of every size', () => {
  for (let size = 1; size <= 140; size++) {
    const { counter, controls } = count(mixed, everyNth(mixed.length, size));
    assert.equal(counter.deliveries, MIXED_MESSAGES, `chunks of ${size}`);
    assert.deepEqual(controls, MIXED_CONTROLS, `chunks of ${size}`);
    assert.ok(counter.atBoundary, `chunks of ${size}`);
  }
});

test('reads lengths of 7, 16 and 64 bits, cut inside the header', () => {
  const lengths = [125, 126, 127, 255, 256, 65_535, 65_536, 70_000];
  const frames = lengths.map((bytes) => frame(TEXT, payload(bytes)));
  const stream = Buffer.concat(frames);
  const cuts: number[] = [];
  let at = 0;
  for (const one of frames) {
    for (let i = 1; i <= 10; i++) cuts.push(at + i);
    at += one.length;
  }
  assert.equal(count(stream, []).counter.deliveries, lengths.length);
  assert.equal(count(stream, cuts).counter.deliveries, lengths.length);
});

test('a message counts when its last byte is there, not before', () => {
  const stream = frame(TEXT, payload(200));
  const { counter, returned } = count(stream.subarray(0, stream.length - 1), []);
  assert.equal(returned, 0);
  assert.equal(counter.atBoundary, false);
  assert.equal(counter.push(stream, stream.length - 1, stream.length), 1);
  assert.ok(counter.atBoundary);
});

test('samples every k-th message, with exactly its payload', () => {
  const texts = Array.from({ length: 12 }, (_, i) => Buffer.from(`message ${i}`));
  const stream = Buffer.concat(texts.map((text) => frame(TEXT, text)));
  const { samples } = count(stream, [], 4);
  assert.deepEqual(samples.map(String), ['message 3', 'message 7', 'message 11']);
});

test('a sample is whole even where chunks cut through messages', () => {
  const texts = Array.from({ length: 40 }, (_, i) => Buffer.from(`message ${String(i).padStart(150, '.')}`));
  const stream = Buffer.concat(texts.map((text) => frame(TEXT, text)));
  for (const size of [1, 2, 3, 100, 155, 400, 1_000]) {
    const { counter, samples } = count(stream, everyNth(stream.length, size), 3);
    assert.equal(counter.deliveries, texts.length);
    for (const sample of samples)
      assert.ok(
        texts.some((text) => text.equals(sample)),
        `chunks of ${size}`,
      );
    if (size >= 400) assert.ok(samples.length >= 5, `chunks of ${size}: ${samples.length} samples`);
  }
});

test('messages of one byte are left out where that is asked for', () => {
  const stream = Buffer.concat([frame(TEXT, Buffer.from('2')), frame(TEXT, Buffer.from('42["notice"]'))]);
  assert.equal(count(stream, [], Infinity, true).counter.deliveries, 1);
  assert.equal(count(stream, everyNth(stream.length, 1), Infinity, true).counter.deliveries, 1);
  assert.equal(count(stream, []).counter.deliveries, 2);
});

test('throws at what no server may send', () => {
  const text = frame(TEXT, payload(5));
  const planted = new Map<string, Buffer>([
    ['a masked frame', Buffer.from([0x81, 0x85, 0, 0, 0, 0, 1, 2, 3, 4, 5])],
    ['reserved bits', Buffer.from([0xc1, 0x00])],
    ['a reserved opcode', Buffer.from([0x83, 0x00])],
    ['a reserved control opcode', Buffer.from([0x8b, 0x00])],
    ['a control frame of 126 bytes', frame(PING, payload(126))],
    ['a length past 2^53', Buffer.from([0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
  ]);
  for (const [name, bytes] of planted) {
    const stream = Buffer.concat([text, bytes]);
    assert.throws(() => count(stream, []), Error, name);
    assert.throws(() => count(stream, everyNth(stream.length, 1)), Error, `${name}, byte by byte`);
  }
});
