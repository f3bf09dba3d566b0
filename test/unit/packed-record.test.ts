import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packedSizeBound, packMessage, unpackCallersId, unpackMessage } from '../../src/journal/packed-record.ts';
import type { Message } from '../../src/message/message.ts';
import { seeded, type Chance } from './seeded.ts';

const parts = ['a', 'é', '漢', '🎉', '\u0000', '"', '\\ud800', ' '];
const randomText = (chance: Chance, most: number): string =>
  Array.from({ length: chance.below(most + 1) }, () => chance.pick(parts)).join('');

function randomMessage(chance: Chance): Message {
  return {
    id: randomText(chance, 40),
    hasCallersId: chance.happens(0.5),
    uids: chance.happens(0.3) ? null : Array.from({ length: chance.below(6) }, () => randomText(chance, 60)),
    type: randomText(chance, 20),
    expiresAtMs: chance.pick([0, 1, 1.5, 1_795_224_506_091, 8_640_000_000_000_000]),
    push: randomText(chance, 300),
  };
}

test('every message is read as it was written, at any place, within the bound', () => {
  const chance = seeded(8);
  for (let round = 0; round < 3000; round += 1) {
    const message = randomMessage(chance);
    const start = chance.below(50);
    const bound = packedSizeBound(message);
    const target = Buffer.alloc(start + bound, 0xee);
    const end = packMessage(target, start, message);
    assert.ok(end <= start + bound);
    assert.deepEqual(unpackMessage(target, start), message);
    assert.equal(unpackCallersId(target, start), message.hasCallersId ? message.id : undefined);
    assert.ok(target.subarray(0, start).every((byte) => byte === 0xee));
    assert.ok(target.subarray(end).every((byte) => byte === 0xee));
  }
});

test('the largest of everything that an envelope may have fits', () => {
  const message: Message = {
    id: `${'~'.repeat(128)}/999999`,
    hasCallersId: true,
    uids: Array.from({ length: 10_000 }, (_, index) => `${'漢'.repeat(84)}${index}`),
    type: '漢'.repeat(64),
    expiresAtMs: 8_640_000_000_000_000,
    push: '漢'.repeat(500_000),
  };
  const target = Buffer.alloc(packedSizeBound(message));
  packMessage(target, 0, message);
  assert.deepEqual(unpackMessage(target, 0), message);
});

test('the bound has room for the lengths of uids that are empty', () => {
  const uids = Array.from({ length: 50 }, () => '');
  const message = { id: '', hasCallersId: false, uids, type: '', expiresAtMs: 0, push: '' };
  const target = Buffer.alloc(packedSizeBound(message));
  assert.equal(packMessage(target, 0, message), target.length);
});

test('nobody and everybody are told apart', () => {
  const chance = seeded(9);
  for (const uids of [null, []]) {
    const message = { ...randomMessage(chance), uids };
    const target = Buffer.alloc(packedSizeBound(message));
    packMessage(target, 0, message);
    assert.deepEqual(unpackMessage(target, 0).uids, uids);
  }
});
