import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createScope } from '../support/planned-scope.ts';
import { runFuzz, type FuzzResult } from './run-fuzz.ts';

const planted = fileURLToPath(new URL('planted.js', import.meta.url));

/** A short run against a server with this fault. How such a server ends is not asked. */
async function run(fault: string): Promise<FuzzResult> {
  const scope = createScope();
  const env = { TIDINGS_PLANTED: fault };
  const result = await runFuzz(scope, {
    setup: 'open',
    seed: 5,
    inputs: 5_000,
    patienceMs: 3_000,
    entry: planted,
    env,
  });
  await scope.end().catch(() => {});
  return result;
}

/** What the run says of each fault. */
const noticed: Readonly<Record<string, RegExp>> = {
  crash: /the server has ended:\n[^]*Unexpected token/,
  rejection: /the server has ended:\n[^]*planted/,
  'answer 500': /: a 500: .*planted/,
  'memory leak': /the heap holds \d+ bytes more than after the warm-up/,
  'stack trace': /the inside of the server/,
  'message astray': /the secret for honest-/,
  hang: /no whole answer, and the connection stays open/,
  'answer without end': /no whole answer, and the connection stays open/,
  'undocumented error': /the error teapot, which is not in the catalogue/,
  'service refused': /healthz answered 404/,
  'message lost': /an honest one was not served: .* its message/,
  'error in the log': /it printed .*Warning: planted/,
};

for (const [fault, sign] of Object.entries(noticed)) {
  test(`a planted fault is noticed: ${fault}`, async () => {
    const { violations } = await run(fault);
    assert.ok(
      violations.some((violation) => sign.test(violation)),
      `${violations.length} violations: ${violations.join('\n')}`,
    );
    assert.match(violations[0] ?? '', /^open, seed 5, round \d+: /);
  });
}

test('without a fault the same run has nothing to say', async () => {
  const { violations, inputs } = await run('none');
  assert.deepEqual(violations, []);
  assert.ok(inputs >= 5_000);
});
