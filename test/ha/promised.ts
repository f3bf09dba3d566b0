import { CALM_MS, nothingLost, triedSooner, usual, type Scenario } from './scenario.ts';
import { allBack, allOn, emptied, fault, isReady, rest, serves } from './stage.ts';

/** What a pair promises, with the limits that it promises. */
export const promised = {
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
      await allOn(stage, stage.pair.backup);
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
    async play(stage) {
      const { primary, backup } = stage.pair;
      await rest(stage, CALM_MS, 500);
      await fault(stage, 'kill-instance', 'primary', () => primary.instance.kill());
      await rest(stage, 60_000, 3_000);
      await fault(stage, 'hand-back', 'primary', async () => {
        await primary.start();
        if (stage.isFull) await rest(stage, 60_000, 0);
        else await emptied(stage, backup);
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
    listeners: { full: 5_000, short: 500 },
    jitterMs: 1_000,
    async play(stage) {
      await rest(stage, CALM_MS, 1_000);
      await fault(stage, 'reconnect-storm', 'all listeners', () => stage.listeners.drop());
      await allBack(stage);
      await rest(stage, 3_000, 500);
      return undefined;
    },
  },
} as const satisfies Record<string, Scenario>;
