// Runs one compiled test file in a process group of its own, within a time limit, and tells what came of it.
//
// `node --test` is not used for this: its time limit is per test since Node 22, so that a file which leaks a handle never
// ends; it counts a file without any test as a passing test; and what a test left running is nobody's concern.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { root } from './project.mjs';

const reporter = fileURLToPath(new URL('test-reporter.mjs', import.meta.url));
const LEFT_OVER_GRACE_MS = 2_000;
const OUTPUT_GRACE_MS = 500;
const MAX_OUTPUT_CHARS = 20_000;

const running = new Set();

/** Ends every test file that runs, with all that it started. */
export function killRunning() {
  for (const pid of running) killGroup(pid);
}

/**
 * Passed and skipped are counts of tests; every entry of `failures` is one failure: a test, or the file itself when it
 * registered no test, did not come to its end, took longer than `timeoutMs`, exited non-zero or left a process behind.
 * @returns {Promise<{ passed: number, skipped: number, failures: { name: string, reason: string }[], output: string, durationMs: number }>}
 */
export async function runTestFile(file, { timeoutMs, env }) {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-test-'));
  const report = join(folder, 'report.jsonl');
  const sinceMs = performance.now();
  try {
    const child = spawn(
      process.execPath,
      ['--enable-source-maps', `--test-reporter=${reporter}`, `--test-reporter-destination=${report}`, file],
      { cwd: root, env: { ...env, TMPDIR: folder }, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
    );
    const ended = await outcomeOf(child, timeoutMs);
    const leftOver = await endGroup(child.pid);
    await Promise.race([ended.closed, pause(OUTPUT_GRACE_MS)]);
    const records = readRecords(report);
    const failures = records
      .filter((record) => record.kind === 'test' && !record.ok && record.error !== undefined)
      .map(({ name, error }) => ({ name, reason: error }));
    const isTest = (record) => record.kind === 'test' && !record.suite;
    const tests = records.filter(isTest);
    const fileFailure = failureOfFile({ ended, tests, records, failures, leftOver, timeoutMs });
    if (fileFailure !== undefined) failures.push({ name: 'the file itself', reason: fileFailure });
    return {
      passed: tests.filter((test) => test.ok && !test.skipped).length,
      skipped: tests.filter((test) => test.ok && test.skipped).length,
      failures,
      output: ended.output,
      durationMs: performance.now() - sinceMs,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function failureOfFile({ ended, tests, records, failures, leftOver, timeoutMs }) {
  if (ended.timedOut) return `did not end within ${timeoutMs / 1000} s: something it opened was never closed`;
  if (ended.error !== undefined) return `could not be started: ${ended.error.message}`;
  if (tests.length === 0) return `registered no test (exit ${ended.code ?? ended.signal})`;
  if (!records.some((record) => record.kind === 'end'))
    return `exited (${ended.code ?? ended.signal}) before its tests ended`;
  const notes = records.filter((record) => record.kind === 'note' && /asynchronous activity/.test(record.message));
  if (notes.length > 0) return notes.map((note) => note.message).join('\n');
  if (ended.code !== 0 && failures.length === 0)
    return `exited with ${ended.code ?? ended.signal} though its tests passed`;
  if (leftOver.length > 0) return `left processes running: ${leftOver.join('; ')}`;
  return undefined;
}

function outcomeOf(child, timeoutMs) {
  const closed = new Promise((resolve) => child.once('close', resolve));
  return new Promise((resolve) => {
    const outcome = { code: null, signal: null, timedOut: false, error: undefined, output: '', closed };
    const keep = (chunk) => {
      outcome.output = (outcome.output + chunk).slice(-MAX_OUTPUT_CHARS);
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    const timer = setTimeout(() => {
      outcome.timedOut = true;
      killGroup(child.pid);
    }, timeoutMs);
    if (child.pid !== undefined) running.add(child.pid);
    const finish = (code, signal) => {
      clearTimeout(timer);
      running.delete(child.pid);
      resolve(Object.assign(outcome, { code, signal }));
    };
    child.once('error', (error) => {
      outcome.error = error;
      finish(null, null);
    });
    // 'exit' and not 'close': a process that was left behind may hold the pipes open.
    child.once('exit', finish);
  });
}

// What the file started and did not end, by command line; it is ended here. Processes that are already on their way out
// are given a moment.
async function endGroup(group) {
  if (group === undefined) return [];
  const waitUntilMs = performance.now() + LEFT_OVER_GRACE_MS;
  let alive = membersOf(group);
  while (alive.length > 0 && performance.now() < waitUntilMs) {
    await pause(20);
    alive = membersOf(group);
  }
  killGroup(group);
  return alive;
}

// Only Linux tells who belongs to a group; elsewhere nobody is found, and the group is ended all the same.
function membersOf(group) {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        // After the command's name in brackets: state, parent, process group.
        const [state, , pgrp] = readFileSync(`/proc/${pid}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ');
        if (Number(pgrp) !== group || state === 'Z' || state === 'X') return [];
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()];
      } catch {
        return [];
      }
    });
}

function killGroup(group) {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // Nobody is left in it.
  }
}

function readRecords(file) {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  // What follows the last line break is nothing, or what a killed run had half written.
  return lines.slice(0, -1).map((text) => JSON.parse(text));
}
