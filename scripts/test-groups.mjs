// The groups of tests in the order in which they run, and the running of one group.

import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root } from './project.mjs';
import { programFolders } from './system-packages.mjs';
import { runTestFile } from './test-file.mjs';
import { orderOf } from './test-order.mjs';

/**
 * `filesAtOnce` is for two cores: what starts browsers and counts on their answering soon runs alone. One more of the files
 * that mostly wait runs beside them where `besideAtOnce` says so. `timeoutMs` bounds one file.
 */
export const groups = [
  { name: 'unit', filesAtOnce: 2, timeoutMs: 60_000 },
  { name: 'contract', filesAtOnce: 2, timeoutMs: 120_000 },
  { name: 'integration', filesAtOnce: 2, besideAtOnce: 1, timeoutMs: 120_000 },
  { name: 'fuzz', filesAtOnce: 2, timeoutMs: 300_000 },
  { name: 'e2e', filesAtOnce: 1, timeoutMs: 180_000 },
  { name: 'chaos', filesAtOnce: 2, timeoutMs: 180_000 },
  { name: 'ha', filesAtOnce: 2, timeoutMs: 180_000 },
];

/** The compiled test files of a group whose source path contains `only`. */
export function filesOf(group, only = '') {
  const folder = join('build/test', group.name);
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((file) => file.endsWith('.test.js') && sourceOf(file).includes(only))
    .sort();
}

/** Runs the files, prints one line per file and every failure in full, and returns the sums. */
export async function runGroup(group, files) {
  const sum = { passed: 0, skipped: 0, failures: [] };
  const env = testEnvironment();
  const order = orderOf(files, nameOf);
  const worker = async (lane) => {
    for (let file = order.next(lane); file !== undefined; file = order.next(lane)) {
      const result = await runTestFile(file, { timeoutMs: group.timeoutMs, env });
      const source = sourceOf(file);
      print(source, result);
      sum.passed += result.passed;
      sum.skipped += result.skipped;
      sum.failures.push(...result.failures.map((failure) => `${source}: ${failure.name}`));
    }
  };
  const lanes = [
    ...Array.from({ length: group.filesAtOnce }, () => ({ waiting: false })),
    ...Array.from({ length: group.besideAtOnce ?? 0 }, () => ({ waiting: true })),
  ];
  await Promise.all(lanes.map(worker));
  return sum;
}

function sourceOf(file) {
  return file.replace(/^build./, '').replace(/\.js$/, '.ts');
}

/** `integration/storm` of build/test/integration/storm.test.js. */
function nameOf(file) {
  return file.replace(/^build.test./, '').replace(/\.test\.js$/, '');
}

// Settings of whoever runs the tests must not reach the servers under test.
function testEnvironment() {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(TIDINGS_|npm_|NODE_OPTIONS$|NODE_ENV$|NODE_TEST_)/.test(name),
  );
  return { ...Object.fromEntries(kept), PATH: programFolders.join(delimiter) };
}

function print(source, { passed, skipped, failures, output, durationMs }) {
  const mark = failures.length > 0 || skipped > 0 ? '✖' : '✔';
  console.log(`  ${mark} ${source}  ${passed} passed  ${(durationMs / 1000).toFixed(1)} s`);
  if (skipped > 0) console.log(`      ${skipped} skipped, which counts as a failure`);
  for (const { name, reason } of failures) console.log(indent(`✖ ${name}\n${indent(reason, 4)}`, 6));
  if (failures.length > 0 && output.trim() !== '')
    console.log(indent(`what it printed last:\n${indent(output.trimEnd(), 4)}`, 6));
}

function indent(text, width) {
  return text.replace(/^(?=.)/gm, ' '.repeat(width));
}
