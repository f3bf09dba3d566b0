import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { callScript } from '../../support/call-script.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

interface Result {
  readonly passed: number;
  readonly skipped: number;
  readonly failures: readonly { readonly name: string; readonly reason: string }[];
  readonly output: string;
}

/** What the test runner makes of a test file with this content. */
async function run(t: TestContext, content: string, timeoutMs = 10_000): Promise<Result> {
  const file = join(await makeTempDir(t), 'planted.test.mjs');
  await writeFile(
    file,
    `import { test, describe } from 'node:test'; import { spawn } from 'node:child_process';\n${content}`,
  );
  const options = JSON.stringify({ timeoutMs, env: { PATH: process.env['PATH'] } });
  return (await callScript('test-file.mjs', `script.runTestFile(${JSON.stringify(file)}, ${options})`)) as Result;
}

test('a good file passes, and every test in it is counted', async (t) => {
  const result = await run(
    t,
    `test('a', () => {}); describe('s', () => { test('b', () => {}); }); test('c', async (t) => { await t.test('d', () => {}); });`,
  );
  assert.deepEqual(result.failures, []);
  assert.equal(result.passed, 4);
  assert.equal(result.skipped, 0);
});

test('a failing test is told with its reason, once, and what it printed', async (t) => {
  const result = await run(
    t,
    `test('good', () => {}); describe('s', () => { test('bad', () => { console.log('hint'); throw new Error('planted'); }); });`,
  );
  assert.equal(result.passed, 1);
  assert.deepEqual(
    result.failures.map(({ name }) => name),
    ['bad'],
  );
  assert.match(result.failures[0]?.reason ?? '', /planted/);
  assert.match(result.output, /hint/);
});

test('skipped and todo tests are counted as such', async (t) => {
  const result = await run(
    t,
    `test('a', () => {}); test('b', { skip: true }, () => {}); test('c', { todo: 'x' }, () => {});`,
  );
  assert.equal(result.passed, 1);
  assert.equal(result.skipped, 2);
});

const faults: readonly (readonly [what: string, content: string, says: RegExp, timeoutMs?: number])[] = [
  ['registers no test', '', /registered no test/],
  ['cannot be read', 'this is no JavaScript', /registered no test/],
  [
    'exits before its tests end',
    `test('a', () => {}); test('b', () => new Promise((resolve) => setTimeout(resolve, 50)).then(() => process.exit(0)));`,
    /exited \(0\) before its tests ended/,
  ],
  ['throws beside its tests', `test('a', () => {}); throw new Error('planted');`, /registered no test \(exit [1-9]/],
  [
    'rejects while a test runs',
    `test('a', async () => { Promise.reject(new Error('planted')); await new Promise((r) => setTimeout(r, 50)); });`,
    /planted/,
  ],
  [
    'rejects after its tests',
    `test('a', () => { setTimeout(() => Promise.reject(new Error('planted')), 50); });`,
    /planted/,
  ],
  [
    'hangs',
    `test('a', async () => { setInterval(() => {}, 1000); await new Promise(() => {}); });`,
    /did not end/,
    500,
  ],
  ['spins and ignores signals', `process.on('SIGTERM', () => {}); test('a', () => { for (;;); });`, /did not end/, 500],
  ['leaves a handle open', `test('a', () => { setInterval(() => {}, 1000); });`, /did not end/, 500],
  [
    'leaves a process running',
    `test('a', () => { spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' }).unref(); });`,
    /left processes running: .*setInterval/,
  ],
  [
    'fails in a hook',
    `describe('s', () => { test('a', () => {}); test.after(() => { throw new Error('planted'); }); });`,
    /planted/,
  ],
];

for (const [what, content, says, timeoutMs] of faults) {
  test(`a file fails that ${what}`, async (t) => {
    const { failures } = await run(t, content, timeoutMs);
    assert.ok(failures.length > 0, 'it passed');
    assert.match(failures.map(({ reason }) => reason).join('\n'), says);
  });
}
