import { eventually } from '../support/deadline.ts';
import type { Figures } from './run-scenario.ts';
import { allBack, fault, isReady, rest, serves, type Stage } from './stage.ts';

/** A figure of a run that must not be exceeded. */
export interface Limit {
  readonly figure: keyof Figures;
  readonly atMost: number;
  /** It speaks of time or share: judged in the full run only, on a machine that has nothing else to do. */
  readonly isTimed?: true;
}

export interface Scenario {
  /** The event, as the table names it. */
  readonly event: string;
  readonly limits: readonly Limit[];
  readonly clients: { readonly full: number; readonly short: number };
  /** How long a listener waits at random when its socket was lost. */
  readonly jitterMs: number;
  readonly nginx?: { readonly full: readonly NginxChange[]; readonly short: readonly NginxChange[] };
  readonly shortFlags?: readonly string[];
  /** Gives how many listeners were left on the backup, where that is asked. */
  play(stage: Stage): Promise<number | undefined>;
}

type NginxChange = readonly [from: string, to: string];

const nothingLost: readonly Limit[] = [
  { figure: 'lost', atMost: 0 },
  { figure: 'repeated', atMost: 0 },
];
const usual = { clients: { full: 2_000, short: 200 }, jitterMs: 1_000 };
const CALM_MS = 5_000;
/** nginx tries a lost instance again after 10 s as shipped. */
const triedSooner: readonly NginxChange[] = [['fail_timeout=10s', 'fail_timeout=1s']];

export const scenarios = {
  'kill-primary': {
    event: 'SIGKILL of the primary',
    limits: [
      ...nothingLost,
      { figure: 'refusedShare', atMost: 0.01, isTimed: true },
      { figure: 'longestSilenceMs', atMost: 5_000, isTimed: true },
    ],
    ...usual,
    async play(stage) {
      await rest(stage, CALM_MS, 1_000);
      await fault(stage, 'kill-instance', 'primary', () => stage.pair.primary.instance.kill());
      await allBack(stage);
      await rest(stage, 12_000, 1_000);
      return undefined;
    },
  },
  'rolling-restart': {
    event: 'rolling restart of both',
    limits: [
      ...nothingLost,
      { figure: 'refused', atMost: 0 },
      { figure: 'busiestSecondShare', atMost: 0.25, isTimed: true },
    ],
    ...usual,
    nginx: { full: [], short: triedSooner },
    shortFlags: ['--drain=2s'],
    async play(stage) {
      const { primary, backup } = stage.pair;
      await rest(stage, CALM_MS, 1_000);
      for (const member of [primary, backup]) {
        await fault(stage, 'stop-instance', member.name, () => member.instance.stop());
        await member.start();
        await isReady(stage, member);
        if (member === primary) await serves(stage, member);
      }
      await allBack(stage);
      await rest(stage, 2_000, 500);
      return undefined;
    },
  },
  'primary-back': {
    event: 'primary back after 60 s',
    limits: [...nothingLost, { figure: 'leftOnBackup', atMost: 0 }],
    ...usual,
    nginx: { full: [], short: triedSooner },
    shortFlags: ['--drain=2s', '--failback-after=2s'],
    async play(stage) {
      const { primary, backup } = stage.pair;
      await rest(stage, CALM_MS, 500);
      await fault(stage, 'kill-instance', 'primary', () => primary.instance.kill());
      await rest(stage, 60_000, 3_000);
      await fault(stage, 'hand-back', 'primary', async () => {
        await primary.start();
        if (stage.isFull) await rest(stage, 60_000, 0);
        else
          await eventually(
            async () => (await backup.connections()) === 0 || undefined,
            'the backup to be empty',
            60_000,
          );
      });
      const left = await backup.connections();
      await allBack(stage);
      return left;
    },
  },
  'nginx-reload': {
    event: 'nginx reload, and its old workers ending',
    limits: nothingLost,
    ...usual,
    nginx: {
      full: [['worker_shutdown_timeout 1h', 'worker_shutdown_timeout 10s']],
      short: [['worker_shutdown_timeout 1h', 'worker_shutdown_timeout 2s']],
    },
    async play(stage) {
      await rest(stage, CALM_MS, 1_000);
      await fault(stage, 'nginx-reload', 'both workers', () => stage.pair.reloadNginx());
      await allBack(stage);
      await rest(stage, 3_000, 500);
      return undefined;
    },
  },
  partition: {
    event: 'the primary is cut off from Redis for 20 s',
    limits: [...nothingLost, { figure: 'reconnects', atMost: 0 }],
    ...usual,
    async play(stage) {
      const { network } = stage.pair;
      await rest(stage, CALM_MS, 1_000);
      await fault(stage, 'pause-redis', 'for the primary', async () => {
        network.stall();
        await rest(stage, 20_000, 5_000);
        network.heal();
      });
      await rest(stage, 15_000, 2_000);
      return undefined;
    },
  },
  storm: {
    event: '5,000 listeners reconnect at once to one instance',
    limits: [
      ...nothingLost,
      { figure: 'allBackMs', atMost: 10_000, isTimed: true },
      { figure: 'sendP99Ms', atMost: 100, isTimed: true },
    ],
    clients: { full: 5_000, short: 500 },
    jitterMs: 0,
    async play(stage) {
      await rest(stage, CALM_MS, 1_000);
      await fault(stage, 'kill-instance', 'primary', () => stage.pair.primary.instance.kill());
      await allBack(stage);
      await rest(stage, 2_000, 500);
      return undefined;
    },
  },
} as const satisfies Record<string, Scenario>;

export type HaName = keyof typeof scenarios;
export const haNames = Object.keys(scenarios) as HaName[];
