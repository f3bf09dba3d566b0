import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describeMachine } from '../../bench/machine.ts';
import { createScope } from '../support/planned-scope.ts';
import { projectRoot } from '../support/project.ts';
import { isComplete, writeMeasured } from './document.ts';
import { toMarkdown, type HaReport } from './report.ts';
import { runHa, type HaOptions, type HaResult } from './run-scenario.ts';
import type { HaName } from './scenarios.ts';

export interface HaOrder {
  readonly names: readonly HaName[];
  /** False: the small versions that `npm test` runs. */
  readonly isFull: boolean;
  /** Of each instance; 1: it is one process. */
  readonly workers: number;
  readonly outDir: string;
  /** Puts the tables into docs/ha.md, when every scenario was played in full. */
  readonly isForDocs: boolean;
}

/** Plays the scenarios one after the other, each on a pair of its own; gives the report, and keeps it in `outDir`. */
export async function runHaScenarios(order: HaOrder, say: (line: string) => void): Promise<HaReport> {
  const { names, isFull, workers, outDir } = order;
  const results: HaResult[] = [];
  for (const scenario of names) {
    say(`${scenario}:`);
    try {
      const result = await runOne({ scenario, isFull, workers, say: (line) => say(`  ${line}`) });
      if (result.failure !== '') say(result.failure);
      results.push(result);
    } catch (error) {
      // It stands in no table, and the others are played all the same.
      say(`${scenario} could not be played to its end: ${String(error)}`);
    }
  }
  const report: HaReport = { machine: describeMachine(projectRoot), workers, results };
  const dir = resolve(projectRoot, outDir);
  mkdirSync(dir, { recursive: true });
  const base = join(dir, `${report.machine.date.slice(0, 19).replaceAll(':', '')}Z`);
  writeFileSync(`${base}.json`, `${JSON.stringify(report, null, 1)}\n`);
  writeFileSync(`${base}.md`, toMarkdown(report));
  say(`written: ${base}.md`);
  if (order.isForDocs && isComplete(report)) {
    writeMeasured([report]);
    say('docs/ha.md has these figures now');
  }
  return report;
}

async function runOne(options: HaOptions): Promise<HaResult> {
  const scope = createScope();
  try {
    const result = await runHa(scope, options);
    return await scope.end().then(
      () => result,
      // A server that did not end well had a bug, whatever was delivered.
      (error: unknown) => ({ ...result, failure: `${result.failure}\nat the end: ${String(error)}`.trim() }),
    );
  } finally {
    await scope.end();
  }
}
