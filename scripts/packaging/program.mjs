// A program that was started, with what it prints, and a bound on every wait for it.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../project.mjs';

const LIMIT_MS = 30_000;
const POLL_MS = 20;

/** Starts a program with nothing of our environment but PATH. Rejects when there is no such program. */
export async function startProgram(command, args, cwd) {
  const { PATH } = process.env;
  const child = spawn(command, args, { cwd, env: { PATH }, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines = [];
  const watchers = new Set();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      for (const watch of watchers) watch(line);
    });
  }
  const ended = new Promise((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve).once('error', reject);
  });

  /** Settles like `promise`; rejects when the program ends before, or after 30 s. */
  async function within(what, promise) {
    const alarm = new AbortController();
    const tooLong = delay(LIMIT_MS, `not within ${LIMIT_MS} ms`, { signal: alarm.signal });
    const tooSoon = ended.then((code) => `the program ended (${code})`);
    const failed = Promise.race([tooLong, tooSoon]).then((why) => {
      throw new Failure(`waited for ${what}: ${why}`);
    });
    failed.catch(() => {});
    try {
      return await Promise.race([promise, failed]);
    } finally {
      alarm.abort();
    }
  }

  return {
    within,
    printed: () => lines.join('\n'),

    /** The first value, other than undefined, that `find` gives for a line. */
    line(what, find) {
      const found = new Promise((resolve) => {
        const watch = (line) => {
          const value = find(line);
          if (value !== undefined) resolve(value);
        };
        watchers.add(watch);
        for (const line of lines) watch(line);
      });
      return within(what, found);
    },

    /** Waits until `probe` gives true. */
    poll(what, probe) {
      const alarm = new AbortController();
      const asked = async () => {
        while (!alarm.signal.aborted && !(await probe())) await delay(POLL_MS);
      };
      return within(what, asked()).finally(() => alarm.abort());
    },

    /** SIGTERM, after 30 s SIGKILL. Returns the exit code, or the signal that ended it. */
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      const patience = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
      const code = await ended;
      clearTimeout(patience);
      return code;
    },
  };
}
