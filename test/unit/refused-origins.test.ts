import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOriginRule } from '../../src/auth/origin-rule.ts';
import { RefusedOrigins } from '../../src/auth/refused-origins.ts';

const host = '127.0.0.1:3210';

function watched(...origins: string[]) {
  const counters = { originsRefused: 0 };
  const lines: { fields: Record<string, unknown>; text: string }[] = [];
  const warn = (fields: object, text: string): void => void lines.push({ fields: { ...fields }, text });
  let nowMs = 0;
  const refused = new RefusedOrigins({ counters, warn, monotonicMs: () => nowMs }, origins);
  const rule = refused.tell('/ws', createOriginRule(origins));
  return { counters, lines, rule, pass: (ms: number) => (nowMs += ms) };
}

test('a page that is refused is told of, with the setting that would let it in', () => {
  const { counters, lines, rule } = watched('https://a.example');
  assert.equal(rule('https://b.example', host), false);
  assert.deepEqual(lines, [
    {
      fields: { event: 'origin.refused', path: '/ws', origin: 'https://b.example', refused: 1 },
      text: 'a page of https://b.example was refused; if it should not be, start with --origins=https://a.example,https://b.example',
    },
  ]);
  assert.equal(counters.originsRefused, 1);
});

test('who may come in, and who comes from no browser, is not told of', () => {
  const { counters, lines, rule } = watched('https://a.example');
  assert.equal(rule('https://a.example', host), true);
  assert.equal(rule(undefined, host), true);
  assert.deepEqual([counters.originsRefused, lines.length], [0, 0]);
});

test('many that are refused are counted each, and told of every ten seconds', () => {
  const { counters, lines, rule, pass } = watched();
  for (let count = 0; count < 100; count += 1) rule('https://b.example', host);
  pass(9_999);
  rule('https://b.example', host);
  assert.equal(lines.length, 1);
  pass(1);
  rule('https://c.example', host);
  assert.equal(counters.originsRefused, 102);
  assert.deepEqual(
    lines.map(({ fields }) => [fields['origin'], fields['refused']]),
    [
      ['https://b.example', 1],
      ['https://c.example', 101],
    ],
  );
});

test('what somebody sent is repeated in part only', () => {
  const { lines, rule } = watched();
  rule(`https://${'x'.repeat(10_000)}`, host);
  assert.ok(JSON.stringify(lines).length < 1000);
});
