import { parseArgs } from 'node:util';
import type { Size } from './plan.ts';
import { scenarioNames, type ScenarioName } from './scenarios.ts';
import { setupNames, type SetupName } from './setups.ts';

/** What the command line asks of the chaos run. */
export interface ChaosOptions {
  readonly scenarios: readonly ScenarioName[];
  readonly setups: readonly SetupName[];
  readonly seed: number;
  /** Of each scenario on each set-up. */
  readonly rounds: number;
  readonly size: Size;
  readonly outDir: string;
}

export const USAGE =
  'npm run chaos -- [--minutes=1] [--setup=redis,bullmq,disk,list,workers,workers-list] [--only=mix] [--seed=N] [--clients=200] [--rate=150] [--round=60s] [--out=artifacts/chaos] [--list]';

/** Throws with a message for the user. `anySeed` is used where no seed is asked for. */
export function parseOptions(argv: readonly string[], anySeed: number): ChaosOptions | 'list' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      minutes: { type: 'string' },
      setup: { type: 'string' },
      only: { type: 'string', default: 'mix' },
      seed: { type: 'string', default: String(anySeed) },
      clients: { type: 'string', default: '200' },
      rate: { type: 'string', default: '150' },
      round: { type: 'string', default: '60s' },
      out: { type: 'string', default: 'artifacts/chaos' },
      list: { type: 'boolean', default: false },
    },
  });
  if (values.list) return 'list';
  const roundSeconds = whole('round', values.round.replace(/s$/, ''), 10, 600);
  const minutes = Number(values.minutes ?? roundSeconds / 60);
  if (!(minutes > 0 && minutes <= 600)) throw new Error('--minutes is a number up to 600');
  return {
    scenarios: among('scenario', values.only, scenarioNames),
    setups: values.setup === undefined ? setupNames : among('set-up', values.setup, setupNames),
    seed: whole('seed', values.seed, 0, 0xffff_ffff),
    rounds: Math.max(1, Math.round((minutes * 60) / roundSeconds)),
    size: {
      clients: whole('clients', values.clients, 10, 1_000),
      requestsPerSecond: whole('rate', values.rate, 8, 2_000),
      roundMs: roundSeconds * 1_000,
    },
    outDir: values.out,
  };
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`--${name} is a whole number from ${least} to ${most}`);
}

function among<T extends string>(what: string, text: string, known: readonly T[]): T[] {
  return text.split(',').map((name) => {
    const found = known.find((one) => one === name);
    if (found === undefined) throw new Error(`no ${what} "${name}"; there are: ${known.join(', ')}`);
    return found;
  });
}
