/**
 * `npm run fuzz`: hostile inputs against a server of its own, on every route of both listeners and on the WebSocket. Exit 1 when something was
 * not as promised. Needs a built dist/.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createScope } from '../support/planned-scope.ts';
import { runFuzz, type FuzzResult } from './run-fuzz.ts';
import { setupNames } from './setups.ts';

const usage = 'npm run fuzz -- [--inputs=1000000] [--seed=N] [--from=ROUND] [--setup=open|closed] [--flag=--workers=2]';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function readNumber(name: string, text: string, most: number): number {
  const value = Number(text);
  if (text !== '' && Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw new Error(`--${name} is a whole number up to ${most}`);
}

function tell({ violations, inputs, rounds, seconds, tally, liveBytes, residentBytes }: FuzzResult): void {
  const mib = (bytes: readonly number[]): string => bytes.map((one) => (one / 1024 / 1024).toFixed(1)).join(' -> ');
  say(`${inputs} inputs in ${rounds} rounds, ${seconds.toFixed(0)} s (${Math.round(inputs / seconds)}/s)`);
  say(`answers: ${tally.toString()}`);
  say(`heap in use ${mib(liveBytes)} MiB, resident ${mib(residentBytes)} MiB`);
  for (const violation of violations) say(`VIOLATION ${violation}`);
}

const ownDir = mkdtempSync(join(tmpdir(), 'tidings-fuzz-'));
process.env['TMPDIR'] = ownDir;
process.on('exit', () => rmSync(ownDir, { recursive: true, force: true, maxRetries: 3 }));

try {
  const { values } = parseArgs({
    options: {
      inputs: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      from: { type: 'string', default: '0' },
      setup: { type: 'string', default: setupNames.join() },
      flag: { type: 'string', multiple: true, default: [] },
    },
  });
  const chosen = values.setup.split(',').map((name) => setupNames.find((one) => one === name));
  const seed = readNumber('seed', values.seed, 0x7fff_ffff);
  const inputs = Math.ceil(readNumber('inputs', values.inputs, 1_000_000_000) / chosen.length);
  const fromRound = readNumber('from', values.from, 1_000_000_000);
  for (const setup of chosen) {
    if (setup === undefined) throw new Error(`--setup is some of ${setupNames.join()}`);
    say(`${setup}: seed ${seed}, at least ${inputs} inputs from round ${fromRound} on`);
    const scope = createScope();
    const result = await runFuzz(scope, { setup, seed, inputs, fromRound, flags: values.flag, say });
    tell(result);
    if (result.violations.length > 0) process.exitCode = 1;
    await scope.end().catch((error: unknown) => {
      say(`at the end: ${String(error)}`);
      process.exitCode = 1;
    });
  }
} catch (error) {
  say(`fuzz: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n${usage}`);
  process.exitCode = 64;
}
