import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createIdSource, type FillRandom } from '../../src/message/id.ts';
import { seeded } from './seeded.ts';

const chance = seeded(1);
const fillRandom: FillRandom = (bytes) => {
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = chance.below(256);
};

test('an id is a UUIDv7 of the present millisecond', () => {
  const newId = createIdSource(() => 0x0199_abcd_ef01, fillRandom);
  for (let round = 0; round < 1000; round += 1) {
    assert.match(newId(), /^0199abcd-ef01-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  }
});

test('the bits of an id are those of RFC 9562, whatever the random bytes are', () => {
  const all = (byte: number): FillRandom => {
    return (bytes) => void bytes.fill(byte);
  };
  assert.equal(createIdSource(() => 0, all(0))(), '00000000-0000-7000-8000-000000000000');
  assert.equal(createIdSource(() => 2 ** 48 - 1, all(0xff))(), 'ffffffff-ffff-7fff-bfff-ffffffffffff');
  let next = 0;
  const counting: FillRandom = (bytes) => {
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = next++;
  };
  assert.equal(createIdSource(() => 1, counting)(), '00000000-0001-7001-8203-040506070809');
});

test('ids are unique, also over many draws of random bytes', () => {
  const newId = createIdSource(() => 1_795_224_506_091, fillRandom);
  const ids = Array.from({ length: 10_000 }, newId);
  assert.equal(new Set(ids).size, ids.length);
});

test('each random byte is used once', () => {
  let drawn = 0;
  const newId = createIdSource(
    () => 0,
    (bytes) => {
      drawn += bytes.length;
      for (let at = 0; at < bytes.length; at += 1) bytes[at] = chance.below(256);
    },
  );
  for (let count = 0; count < 256; count += 1) newId();
  const afterFirst = drawn;
  newId();
  assert.equal(drawn, 2 * afterFirst);
});

test('the ids of a later millisecond sort after those of an earlier one', () => {
  let nowMs = 0xffff_ffff;
  const newId = createIdSource(() => nowMs, fillRandom);
  let last = newId();
  for (let round = 0; round < 2000; round += 1) {
    nowMs += 1 + chance.below(70_000);
    const id = newId();
    assert.ok(id > last, `${id} after ${last}`);
    last = id;
  }
});
