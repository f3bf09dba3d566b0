import type { SetupName } from '../chaos/setups.ts';
import type { Figures } from './run-scenario.ts';
import type { Stage } from './stage.ts';

/** A figure of a run that must not be exceeded. */
export interface Limit {
  readonly figure: keyof Figures;
  readonly atMost: number;
  /** It speaks of time or share: judged in the full run only, on a machine that has nothing else to do. */
  readonly isTimed?: true;
}

/** A text of deploy/nginx.conf that a scenario changes, and into what. */
export type NginxChange = readonly [from: string, to: string];

/** One row of the table in docs/ha.md: an event, under load, and what it may cost. */
export interface Scenario {
  /** As the table names it. */
  readonly event: string;
  readonly limits: readonly Limit[];
  readonly listeners: { readonly full: number; readonly short: number };
  /** How long a listener waits at random when its socket was lost. */
  readonly jitterMs: number;
  /** Default: redis. With list the two instances know nothing of each other. */
  readonly queue?: Extract<SetupName, 'redis' | 'list'>;
  /** Of both instances; default: 20 s as shipped, 2 s in the short run. */
  readonly drain?: string;
  readonly nginx?: { readonly full: readonly NginxChange[]; readonly short: readonly NginxChange[] };
  /** Gives how many listeners were left on the backup, where that is asked. */
  play(stage: Stage): Promise<number | undefined>;
}

export const nothingLost: readonly Limit[] = [
  { figure: 'lost', atMost: 0 },
  { figure: 'repeated', atMost: 0 },
];
export const usual = { listeners: { full: 2_000, short: 200 }, jitterMs: 1_000 };
export const CALM_MS = 5_000;
/** nginx tries a lost instance again after 10 s as shipped. */
export const triedSooner: readonly NginxChange[] = [['fail_timeout=10s', 'fail_timeout=1s']];
