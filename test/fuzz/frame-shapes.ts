import * as fc from 'fast-check';
import { token } from './credentials.ts';
import { anyJson, anyText, brokenJson } from './text.ts';

/** What a client may say, mostly. */
const spoken = fc.oneof(
  fc.record({ ack: fc.oneof(fc.nat(), fc.integer(), fc.constantFrom(2 ** 53, 1e300, '1', null)) }),
  fc.record({
    types: fc.oneof(
      fc.array(fc.constantFrom('notice', 'alert', '*', 'f'), { maxLength: 4 }),
      fc.array(anyText, { maxLength: 70 }),
      anyJson,
    ),
  }),
  fc.record({ token: fc.oneof(token, anyText) }),
  fc.record({ types: anyJson, ack: anyJson, token: anyJson, more: anyJson }, { requiredKeys: [] }),
  anyJson,
);

const text = spoken.map((value) => JSON.stringify(value));

const payload: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 6, arbitrary: text.map((json) => Buffer.from(json)) },
  { weight: 2, arbitrary: brokenJson(text).map((json) => Buffer.from(json)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 130 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0, 125, 126, 127, 4_096, 4_097, 65_536).map((length) => Buffer.alloc(length, 'x')),
  },
);

/** The fields of a frame (RFC 6455, 5.2): what a proper client sends, and what none would. */
const likely = fc.record({
  first: fc.constantFrom(0x81, 0x81, 0x81, 0x81, 0x82, 0x89, 0x8a),
  isMasked: fc.constant(true),
  lie: fc.constant(0),
});
const odd = fc.record({
  first: fc.oneof(fc.nat(255), fc.constantFrom(0x01, 0x00, 0x80, 0x88, 0x09, 0xc1)),
  isMasked: fc.boolean(),
  lie: fc.constantFrom(0, 0, 0, 1, -1, 1_000, 2 ** 31, 2 ** 52),
});

export const frames: fc.Arbitrary<Buffer> = fc
  .tuple(fc.oneof({ weight: 12, arbitrary: likely }, { weight: 1, arbitrary: odd }), payload, fc.nat(0xffff))
  .map(([{ first, isMasked, lie }, bytes, mask]) => {
    const isControl = (first & 0x08) !== 0;
    const content = isControl && lie === 0 && isMasked ? bytes.subarray(0, 125) : bytes;
    return encode(first, isMasked, Math.max(0, content.length + lie), content, mask * 65_537);
  });

/** A close frame of a client that leaves: 1000. */
export const goodbye = encode(0x88, true, 2, Buffer.from([0x03, 0xe8]), 0);

function encode(first: number, isMasked: boolean, length: number, payloadBytes: Buffer, maskNumber: number): Buffer {
  const maskBit = isMasked ? 0x80 : 0;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = first;
  if (head.length === 2) head[1] = maskBit | length;
  else if (head.length === 4) {
    head[1] = maskBit | 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = maskBit | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  if (!isMasked) return Buffer.concat([head, payloadBytes]);
  const mask = Buffer.alloc(4);
  mask.writeUInt32BE(maskNumber >>> 0);
  return Buffer.concat([head, mask, payloadBytes.map((byte, index) => byte ^ (mask[index % 4] ?? 0))]);
}
