/**
 * `npm run bench`: every scenario against Tidings and its peers, in turns, and one table of ratios. Exit 1 when a run
 * was invalid or the positive control was not caught: then the figures are worth nothing. A target that is missed
 * is a finding and exits 0. Needs Linux (/proc) and a built dist/.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runAb } from './ab.ts';
import { describeMachine } from './machine.ts';
import { parseOptions, USAGE, type BenchOptions } from './options.ts';
import { toMarkdown, type BenchResult } from './report.ts';
import { runSide, type SideRun } from './run-side.ts';
import { CONTROL, SCENARIOS, type Scenario } from './scenarios.ts';
import { summarize, type ScenarioSummary } from './summary.ts';

const AB = 'ab';
const root = resolve(import.meta.dirname, '../..');
const names = [...SCENARIOS.map(({ name }) => name), AB];

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function runScenario(scenario: Scenario, options: BenchOptions): Promise<ScenarioSummary> {
  const sides = [scenario.subject, ...scenario.peers];
  const runsBySide = sides.map((): SideRun[] => []);
  for (let round = 0; round < options.runs; round++) {
    for (const [i, side] of sides.entries()) {
      const run = await runSide(side, root, options.quick);
      runsBySide[i]!.push(run);
      const figure = run.result === undefined ? 'none' : scenario.figure(run.result).toPrecision(4);
      const remark = run.invalid === '' ? '' : `  INVALID: ${run.invalid}`;
      say(`${scenario.name} ${round + 1}/${options.runs} ${side.server}: ${figure} ${scenario.unit}${remark}`);
    }
  }
  return summarize(scenario, runsBySide);
}

async function checkControl(): Promise<string> {
  const { result, invalid } = await runSide(CONTROL, root, false);
  if (result === undefined) return `NOT RUN: ${invalid}`;
  return invalid.includes('deliveries missing') ? `called invalid (${invalid}), as it must be` : 'NOT CAUGHT';
}

function write(result: BenchResult, outDir: string): string {
  const dir = resolve(root, outDir);
  mkdirSync(dir, { recursive: true });
  const base = join(dir, `${result.machine.date.slice(0, 16).replace(':', '')}Z${result.quick ? '-quick' : ''}`);
  writeFileSync(`${base}.json`, `${JSON.stringify(result, null, 1)}\n`);
  writeFileSync(`${base}.md`, toMarkdown(result));
  return `${base}.md`;
}

async function main(options: BenchOptions): Promise<number> {
  const isWanted = (name: string) => options.only.length === 0 || options.only.includes(name);
  const machine = describeMachine(root);
  const control = await checkControl();
  say(`positive control: ${control}`);
  const scenarios: ScenarioSummary[] = [];
  for (const scenario of SCENARIOS) {
    if (isWanted(scenario.name)) scenarios.push(await runScenario(scenario, options));
  }
  const ab = isWanted(AB) ? ((await runAb(root, options.runs)) ?? 'not installed') : undefined;
  const result: BenchResult = { machine, runs: options.runs, quick: options.quick, control, scenarios, ab };
  process.stdout.write(toMarkdown(result));
  say(`written: ${write(result, options.outDir)}`);
  const invalid = scenarios.some(({ verdict }) => verdict === 'invalid');
  const abFailed = Array.isArray(ab) && ab.some(({ problems }) => problems.length > 0);
  return invalid || abFailed || !control.startsWith('called invalid') ? 1 : 0;
}

try {
  const options = parseOptions(process.argv.slice(2), names);
  if (options === 'list') process.stdout.write(`${names.join('\n')}\n`);
  else process.exitCode = await main(options);
} catch (error) {
  say(`bench: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  process.exitCode = 64;
}
