/**
 * `npm run chaos`: scenarios of faults against real processes, each with what has to hold whatever happens. Exit 1 when something did
 * not hold, or when a fault that belongs to the scenario did not happen. With --ha: the failures of a pair behind nginx, one row of docs/ha.md
 * each. Needs Linux, redis-server, nginx, libfaketime and a built dist/.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describeMachine } from '../../bench/machine.ts';
import { newestReports, writeMeasured } from '../ha/document.ts';
import { HA_USAGE, parseHaOptions } from '../ha/options.ts';
import { toMarkdown as toHaMarkdown } from '../ha/report.ts';
import { runHaScenarios } from '../ha/run.ts';
import { haNames, scenarios as haScenarios } from '../ha/scenarios.ts';
import { createScope } from '../support/planned-scope.ts';
import { projectRoot } from '../support/project.ts';
import { parseOptions, USAGE, type ChaosOptions } from './options.ts';
import { toMarkdown, type ChaosReport } from './report.ts';
import { runScenario } from './run-scenario.ts';
import { faultsFor, scenarioNames, scenarios, type ScenarioName } from './scenarios.ts';
import { setups, type SetupName } from './setups.ts';
import { together, type RunResult } from './summary.ts';

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Each deployment lives for so many rounds: judging one takes longer the more it has seen. */
const ROUNDS_OF_ONE = 5;

/** Runs deployments one after the other until the rounds are done or something is broken. */
async function runAll(options: ChaosOptions, scenario: ScenarioName, setup: SetupName): Promise<RunResult> {
  const { seed, rounds } = options;
  say(`${scenario} on ${setup}, seed ${seed}: ${scenarios[scenario].invariant}`);
  let result = await runOne(options, scenario, setup, 0);
  while (result.rounds < rounds && result.failure === '') {
    result = together(result, await runOne(options, scenario, setup, result.rounds));
  }
  return result;
}

async function runOne(
  options: ChaosOptions,
  scenario: ScenarioName,
  setup: SetupName,
  done: number,
): Promise<RunResult> {
  const { size } = options;
  const seed = options.seed + done;
  const rounds = Math.min(ROUNDS_OF_ONE, options.rounds - done);
  const scope = createScope();
  try {
    const result = await runScenario(scope, {
      scenario,
      setup,
      seed,
      rounds,
      size,
      say: (line) => say(`  ${done} + ${line}`),
    });
    return await scope.end().then(
      () => result,
      // A server that did not end well had a bug, whatever was delivered.
      (error: unknown) => ({ ...result, failure: `${result.failure}\n\nat the end: ${String(error)}`.trim() }),
    );
  } catch (error) {
    // Servers that are ended amid whatever failed may end badly, which is told beside it and not instead.
    await scope.end().catch((ending: unknown) => {
      throw new Error(`${String(error)}\nand at the end: ${String(ending)}`, { cause: error });
    });
    throw error;
  }
}

async function main(options: ChaosOptions): Promise<number> {
  const runs: RunResult[] = [];
  for (const setup of options.setups) {
    for (const scenario of options.scenarios) {
      if (faultsFor(scenarios[scenario], setups[setup]).length === 0) {
        say(`${scenario} says nothing about ${setup}`);
        continue;
      }
      const run = await runAll(options, scenario, setup);
      if (run.failure !== '') say(run.failure);
      runs.push(run);
    }
  }
  const report: ChaosReport = { machine: describeMachine(projectRoot), runs };
  process.stdout.write(toMarkdown(report));
  say(`written: ${write(report, options.outDir)}`);
  return runs.length > 0 && runs.every(({ failure }) => failure === '') ? 0 : 1;
}

function write(report: ChaosReport, outDir: string): string {
  const dir = resolve(projectRoot, outDir);
  mkdirSync(dir, { recursive: true });
  const base = join(dir, `${report.machine.date.slice(0, 19).replaceAll(':', '')}Z`);
  writeFileSync(`${base}.json`, `${JSON.stringify(report, null, 1)}\n`);
  writeFileSync(`${base}.md`, toMarkdown(report));
  return `${base}.md`;
}

// Whatever ends this process, what it and its servers wrote goes with it; the servers themselves end by test/support/child.ts.
const ownDir = mkdtempSync(join(tmpdir(), 'tidings-chaos-'));
process.env['TMPDIR'] = ownDir;
process.on('exit', () => rmSync(ownDir, { recursive: true, force: true, maxRetries: 3 }));

try {
  const argv = process.argv.slice(2);
  const ha = parseHaOptions(argv);
  const options = ha ?? parseOptions(argv, Date.now() % 1_000_000);
  if (options === 'render') writeMeasured(newestReports());
  else if (options === 'list') {
    for (const name of scenarioNames) process.stdout.write(`${name} -> ${scenarios[name].invariant}\n`);
    for (const name of haNames) process.stdout.write(`--ha=${name} -> ${haScenarios[name].event}\n`);
  } else if ('names' in options) {
    const report = await runHaScenarios(options, say);
    process.stdout.write(toHaMarkdown(report));
    const held = report.results.filter(({ failure }) => failure === '');
    process.exitCode = held.length === options.names.length ? 0 : 1;
  } else process.exitCode = await main(options);
} catch (error) {
  say(`chaos: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n${USAGE}\n${HA_USAGE}`);
  process.exitCode = 64;
}
