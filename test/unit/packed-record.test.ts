import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  forSlots,
  hasId,
  isRetracted,
  isToAll,
  markRetracted,
  midAt,
  packedSizeBound,
  packEntry,
  previousSlot,
  pushBytesAt,
  recordOfSlot,
  unpackEntry,
} from '../../src/journal/packed-record.ts';
import type { Message } from '../../src/message/message.ts';
import { sampleMessage } from '../contract/sample-message.ts';
import { seeded, type Chance } from './seeded.ts';

const parts = ['a', 'é', '漢', '🎉', '\u0000', '"', '\\ud800', ' '];
const randomText = (chance: Chance, most: number): string =>
  Array.from({ length: chance.below(most + 1) }, () => chance.pick(parts)).join('');

const noLink = (): number => -1;

function randomMessage(chance: Chance): Message {
  return {
    id: randomText(chance, 40),
    fingerprint: randomText(chance, 22),
    uids: chance.happens(0.3) ? null : Array.from({ length: chance.below(6) }, () => randomText(chance, 60)),
    type: randomText(chance, 20),
    expiresAtMs: chance.pick([0, 1, 1.5, 1_795_224_506_091, 8_640_000_000_000_000]),
    push: randomText(chance, 300),
    retracts: chance.pick([0, 1, 1_795_224_506_091_123]),
    deliverAtMs: 0,
  };
}

test('every entry is read as it was written, at any place, within the bound', () => {
  const chance = seeded(8);
  for (let round = 0; round < 3000; round += 1) {
    const entry = { mid: chance.pick([1, 1_795_224_506_091_123, 2 ** 53 - 1]), message: randomMessage(chance) };
    const start = chance.below(50);
    const bound = packedSizeBound(entry.message);
    const target = Buffer.alloc(start + bound, 0xee);
    const end = packEntry(target, start, entry, noLink);
    assert.ok(end <= start + bound);
    assert.deepEqual(unpackEntry(target, start), entry);
    assert.equal(midAt(target, start), entry.mid);
    assert.equal(isToAll(target, start), entry.message.uids === null);
    assert.equal(pushBytesAt(target, start), Buffer.byteLength(entry.message.push));
    assert.ok(target.subarray(0, start).every((byte) => byte === 0xee));
    assert.ok(target.subarray(end).every((byte) => byte === 0xee));
  }
});

test('each uid has a slot, which knows its record and the slot before it', () => {
  const chance = seeded(10);
  for (let round = 0; round < 500; round += 1) {
    const message = randomMessage(chance);
    const start = chance.below(50);
    const target = Buffer.alloc(start + packedSizeBound(message));
    const written: [string, number][] = [];
    packEntry(target, start, { mid: 1, message }, (uid, slot) => {
      written.push([uid, slot]);
      return written.length === 1 ? -1 : 2 ** 40 + written.length;
    });
    const seen: [string, number][] = [];
    forSlots(target, start, (uid, slot) => seen.push([uid, slot]));
    assert.deepEqual(seen, written);
    assert.deepEqual(
      seen.map(([uid]) => uid),
      message.uids ?? [],
    );
    seen.forEach(([, slot], index) => {
      assert.equal(recordOfSlot(target, slot), start);
      assert.equal(previousSlot(target, slot), index === 0 ? -1 : 2 ** 40 + index + 1);
    });
  }
});

test('one reader is given itself alone, and what is for all stays for all', () => {
  for (const uids of [['a', 'b'], null]) {
    const message = sampleMessage({ uids });
    const target = Buffer.alloc(packedSizeBound(message));
    packEntry(target, 0, { mid: 1, message }, noLink);
    const read = unpackEntry(target, 0, 'b');
    assert.deepEqual(read.message, { ...message, uids: uids === null ? null : ['b'] });
  }
});

test('a mark of retraction changes nothing else', () => {
  const message = sampleMessage({ fingerprint: 'abc', uids: ['a', 'b'] });
  const target = Buffer.alloc(packedSizeBound(message));
  packEntry(target, 0, { mid: 1, message }, noLink);
  assert.equal(isRetracted(target, 0), false);
  markRetracted(target, 0);
  assert.equal(isRetracted(target, 0), true);
  assert.deepEqual(unpackEntry(target, 0), { mid: 1, message });
});

test('an id is compared as a whole', () => {
  const message = sampleMessage({ id: 'id-é' });
  const target = Buffer.alloc(packedSizeBound(message));
  packEntry(target, 0, { mid: 1, message }, noLink);
  assert.equal(hasId(target, 0, Buffer.from('id-é')), true);
  for (const other of ['id-', 'id-é1', 'id-è', '', 'jd-é']) assert.equal(hasId(target, 0, Buffer.from(other)), false);
});

test('the largest of everything that an envelope may have fits', () => {
  const message = sampleMessage({
    id: `${'~'.repeat(128)}/999999`,
    fingerprint: '_'.repeat(22),
    uids: Array.from({ length: 10_000 }, (_, index) => `${'漢'.repeat(84)}${index}`),
    type: '漢'.repeat(64),
    expiresAtMs: 8_640_000_000_000_000,
    push: '漢'.repeat(500_000),
  });
  const target = Buffer.alloc(packedSizeBound(message));
  packEntry(target, 0, { mid: 1, message }, noLink);
  assert.deepEqual(unpackEntry(target, 0).message, message);
});

test('the bound has room for the slots of uids that are empty', () => {
  const message = { ...sampleMessage(), id: '', type: '', push: '', uids: Array.from({ length: 50 }, () => '') };
  const target = Buffer.alloc(packedSizeBound(message));
  assert.equal(packEntry(target, 0, { mid: 1, message }, noLink), target.length);
});

test('nobody and everybody are told apart', () => {
  for (const uids of [null, []]) {
    const message = sampleMessage({ uids });
    const target = Buffer.alloc(packedSizeBound(message));
    packEntry(target, 0, { mid: 1, message }, noLink);
    assert.deepEqual(unpackEntry(target, 0).message.uids, uids);
  }
});
