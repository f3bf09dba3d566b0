import { parseArgs } from 'node:util';

/** What the command line asks of the bench. */
export interface BenchOptions {
  /** Names of the scenarios to run; empty: all. */
  only: string[];
  /** Measured runs of each side; the median is told. */
  runs: number;
  /** A look, not a result: one run each, a quarter of the time. */
  quick: boolean;
  /** Where results are written. */
  outDir: string;
}

export const USAGE = `npm run bench -- [--only=NAME[,NAME…]] [--runs=3] [--quick] [--out=bench/results] [--list]`;

/** Throws with a message for the user at an unknown flag, scenario or count. */
export function parseOptions(argv: readonly string[], scenarioNames: readonly string[]): BenchOptions | 'list' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      runs: { type: 'string' },
      quick: { type: 'boolean', default: false },
      out: { type: 'string', default: 'bench/results' },
      list: { type: 'boolean', default: false },
    },
  });
  if (values.list) return 'list';
  const only = values.only.flatMap((names) => names.split(',')).flatMap((name) => namedBy(name, scenarioNames));
  const runs = Number(values.runs ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(runs) || runs < 1 || runs > 20) throw new Error('--runs is a whole number from 1 to 20');
  return { only, runs, quick: values.quick, outDir: values.out };
}

/** A scenario, or all whose names begin with this and a dash. */
function namedBy(name: string, scenarioNames: readonly string[]): string[] {
  if (scenarioNames.includes(name)) return [name];
  const found = scenarioNames.filter((scenario) => scenario.startsWith(`${name}-`));
  if (found.length === 0) throw new Error(`no scenario "${name}"; there are: ${scenarioNames.join(', ')}`);
  return found;
}
