import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAudit, maxStrangerLines, type AuditEntry } from '../../src/ops/audit.ts';

const entry: AuditEntry = { action: 'retract', target: 'order-17', key: 'ann', address: '127.0.0.1', status: 200 };
const stranger: AuditEntry = { ...entry, key: null, status: 403 };

function record() {
  const time = { nowMs: 0 };
  const lines: Record<string, unknown>[] = [];
  const info = (line: object) => void lines.push({ ...line });
  const audit = createAudit({ log: { info }, monotonicMs: () => time.nowMs });
  return { audit, lines, time };
}

test('a line says what was done to what, by whom, from where, and what was answered', () => {
  const { audit, lines } = record();
  audit(entry);
  audit({ ...entry, action: 'drain', target: null, key: null, status: 202 });
  assert.deepEqual(lines, [
    { event: 'audit', ...entry },
    { event: 'audit', ...entry, action: 'drain', target: null, key: null, status: 202 },
  ]);
});

test('a target that is long is cut', () => {
  const { audit, lines } = record();
  audit({ ...entry, target: 'x'.repeat(16_000) });
  assert.equal(lines[0]?.['target'], 'x'.repeat(256));
});

test('a target ends no line', () => {
  const { audit, lines } = record();
  audit({ ...entry, target: 'a\u2028b\u2029c\u0085d' });
  assert.equal(lines[0]?.['target'], 'a?b?c?d');
});

test('strangers do not fill the log: beyond so many a second they are counted, and the next line has their number', () => {
  for (const status of [401, 403]) {
    const { audit, lines, time } = record();
    for (let n = 0; n < maxStrangerLines + 7; n += 1) audit({ ...stranger, status });
    assert.equal(lines.length, maxStrangerLines);
    audit(entry);
    assert.deepEqual(lines.at(-1), { event: 'audit', ...entry, untold: 7 });
    audit(entry);
    assert.deepEqual(lines.at(-1), { event: 'audit', ...entry });
    time.nowMs = 999;
    audit({ ...stranger, status });
    assert.equal(lines.length, maxStrangerLines + 2);
    time.nowMs = 1000;
    audit({ ...stranger, status });
    assert.deepEqual(lines.at(-1), { event: 'audit', ...stranger, status, untold: 1 });
  }
});

test('whoever has a key is always in the log, refused or not, and so is what nobody is asked a key for', () => {
  const { audit, lines } = record();
  for (const one of [entry, { ...entry, status: 403 }, { ...stranger, status: 202 }, { ...stranger, status: 404 }])
    for (let n = 0; n < 3 * maxStrangerLines; n += 1) audit(one);
  assert.equal(lines.length, 4 * 3 * maxStrangerLines);
});
