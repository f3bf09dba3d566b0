import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { describeInput, weightOf, type Input } from '../fuzz/input.ts';
import { inputsOf } from '../fuzz/inputs.ts';

function digestOf(inputs: readonly Input[]): string {
  const hash = createHash('sha256');
  for (const input of inputs) {
    const { kind, ...rest } = input;
    hash.update(`${kind} ${JSON.stringify(rest)}\n`);
  }
  return hash.digest('hex');
}

test('the same seed and round give the same inputs, whatever ran before', () => {
  const rounds = [0, 1, 2].map((round) => digestOf(inputsOf(17, round)));
  assert.deepEqual(
    [2, 0, 1].map((round) => digestOf(inputsOf(17, round))),
    [2, 0, 1].map((round) => rounds[round]),
  );
  assert.equal(new Set(rounds).size, 3, 'every round has its own');
  assert.notEqual(digestOf(inputsOf(18, 0)), rounds[0]);
});

test('the inputs go to both listeners and to every route, in every way', () => {
  const inputs = Array.from({ length: 12 }, (_, round) => inputsOf(1, round)).flat();
  const count = (matches: (input: Input) => boolean): number => inputs.filter(matches).length;
  for (const kind of ['request', 'bytes', 'listener']) assert.ok(count((input) => input.kind === kind) > 300, kind);
  for (const kind of ['request', 'bytes'] as const) {
    for (const door of ['public', 'admin'])
      assert.ok(count((input) => input.kind === kind && input.door === door) > 100, `${kind} ${door}`);
  }
  const texts = inputs.map(describeInput);
  const routes = ['POST /send', 'GET /demo/', 'GET /healthz', 'GET /readyz', 'GET /ws', 'GET /stats', 'GET /messages/', 'POST /messages/', 'DELETE /messages/', 'GET /scheduled', 'GET /failed', 'POST /failed/']; // prettier-ignore
  for (const route of routes)
    assert.ok(
      texts.some((text) => text.includes(`"${route}`)),
      route,
    );
  assert.ok(inputs.reduce((sum, input) => sum + weightOf(input), 0) > inputs.length * 1.3, 'frames are sent as well');
});

test('nothing asks the server under test to drain', () => {
  const texts = Array.from({ length: 5 }, (_, round) => inputsOf(2, round))
    .flat()
    .map(describeInput);
  assert.ok(!texts.some((text) => text.includes('/drain')));
});
