import * as fc from 'fast-check';
import { anyJson, anyText, brokenJson } from './text.ts';

const uid = fc.oneof({ weight: 12, arbitrary: fc.nat(50).map((n) => `f${n}`) }, { weight: 1, arbitrary: anyText });

/** Each member as an envelope has it, mostly. */
const likely = {
  topic: fc.constantFrom('uids', 'uids', 'uids', 'all'),
  topic_ids: fc.array(fc.oneof({ weight: 9, arbitrary: uid }, { weight: 1, arbitrary: fc.nat() }), {
    minLength: 1,
    maxLength: 4,
  }),
  types: fc.constantFrom('notice', 'alert', 'f'),
  msg: anyJson,
  timeout: fc.constantFrom(0, 1, 4_102_444_800, 4_102_444_800_000),
  time: fc.constantFrom('2026-01-01 00:00:00', ''),
  id: fc.nat(5_000).map((n) => `fuzz-${n}`),
};

/** Each member as anything else. */
const anything = {
  ...Object.fromEntries(Object.keys(likely).map((name) => [name, fc.oneof(anyJson, anyText, fc.integer())])),
  deliver_at: fc.oneof(fc.integer(), anyJson),
  delay: fc.oneof(fc.integer(), anyJson),
  unknown: anyJson,
};

const proper = fc.record(likely, { requiredKeys: ['topic', 'topic_ids', 'msg'] });
const odd = fc.record(anything, { requiredKeys: [] });
const mixed = fc.tuple(proper, odd).map(([first, second]) => ({ ...first, ...second }));

const envelope = fc.oneof(
  { weight: 12, arbitrary: proper },
  { weight: 3, arbitrary: mixed },
  { weight: 1, arbitrary: odd },
  { weight: 1, arbitrary: anyJson },
);

const one = envelope.map((value) => JSON.stringify(value));
const batch = fc.array(envelope, { maxLength: 6 }).map((items) => JSON.stringify(items));
const lines = fc
  .tuple(fc.array(one, { maxLength: 6 }), fc.constantFrom('\n', '\r\n', '\n\n', '\n \n'))
  .map(([items, separator]) => items.join(separator));

/** The larger bodies, around the limits of the server under test. */
const large = fc
  .constantFrom(16_000, 16_384, 16_385, 20_000)
  .map((length) => `{"topic":"all","msg":"${'x'.repeat(length - 24)}"}`);
const deep = fc
  .constantFrom(100, 1_000, 5_000)
  .map((depth) => `{"topic":"all","msg":${'['.repeat(depth)}${']'.repeat(depth)}}`);

/** Bodies of `POST /send`. */
export const postBody: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 8, arbitrary: proper.map(jsonBytes) },
  { weight: 8, arbitrary: one.map(utf8) },
  { weight: 4, arbitrary: batch.map(utf8) },
  { weight: 3, arbitrary: lines.map(utf8) },
  { weight: 4, arbitrary: brokenJson(fc.oneof(one, batch, lines)).map(utf8) },
  { weight: 1, arbitrary: large.map(utf8) },
  { weight: 1, arbitrary: deep.map(utf8) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: brokenJson(one).map((text) => Buffer.from(text, 'utf16le')) },
);

/** Bodies by which an operator asks for a ticket. */
export const ticketOrder: fc.Arbitrary<Buffer> = fc
  .record(
    {
      uid: fc.nat(40).map((n) => `f${n}`),
      types: fc.constantFrom(['notice'], ['alert', 'f'], 'notice'),
      ttl: fc.constantFrom(1, '5s', '1h'),
      max_connections: fc.integer({ min: 1, max: 3 }),
    },
    { requiredKeys: ['uid'] },
  )
  .map(jsonBytes);

/** Bodies of the admin listener's routes. */
export const adminBody: fc.Arbitrary<Buffer> = fc.oneof(
  fc.record({ uids: fc.array(fc.oneof(uid, fc.integer()), { maxLength: 5 }) }).map(jsonBytes),
  fc
    .record(
      { uid, types: fc.oneof(anyJson, fc.array(anyText, { maxLength: 3 })), ttl: fc.oneof(fc.integer(), anyText) },
      { requiredKeys: [] },
    )
    .map(jsonBytes),
  fc
    .record({ ttl: fc.oneof(fc.nat(), anyJson), before: fc.oneof(fc.integer(), anyJson) }, { requiredKeys: [] })
    .map(jsonBytes),
  fc.oneof(anyJson, odd).map(jsonBytes),
  brokenJson(fc.constant('{"uids":["f1","f2"],"uid":"f1","ttl":"1h"}')).map(utf8),
);

function jsonBytes(value: unknown): Buffer {
  return utf8(JSON.stringify(value));
}

function utf8(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}
