import { setTimeout as sleep } from 'node:timers/promises';
import { CALM_MS, nothingLost, triedSooner, usual, type Scenario } from './scenario.ts';
import { allBack, allOn, emptied, fault, isReady, rest, serves } from './stage.ts';

/** How long a supervisor takes to start an instance again. */
const RESTART_MS = 1_000;

/** Further failures of a pair, whose cost in time is told and not limited; and those of the list queue, which keeps nothing. */
export const unpromised = {
  'kill-crowded': {
    event: 'SIGKILL of a primary with 5,000 listeners, which come back without a wait',
    limits: nothingLost,
    listeners: { full: 5_000, short: 500 },
    jitterMs: 0,
    async play(stage) {
      await rest(stage, CALM_MS, 1_000);
      await fault(stage, 'kill-instance', 'primary', () => stage.pair.primary.instance.kill());
      await allOn(stage, stage.pair.backup);
      await rest(stage, 3_000, 500);
      return undefined;
    },
  },
  'freeze-primary': {
    event: 'the primary hangs for 20 s (SIGSTOP)',
    limits: nothingLost,
    ...usual,
    async play(stage) {
      await rest(stage, CALM_MS, 1_000);
      await fault(stage, 'pause-instance', 'primary', async () => {
        const goOn = await stage.pair.primary.freeze();
        await rest(stage, 20_000, 7_000);
        goOn();
      });
      await rest(stage, 15_000, 2_000);
      await allBack(stage);
      return undefined;
    },
  },
  'kill-redis': {
    event: 'Redis is killed, and started again 3 s later',
    limits: [...nothingLost, { figure: 'reconnects', atMost: 0 }],
    ...usual,
    async play(stage) {
      const { redis } = stage.pair;
      await rest(stage, CALM_MS, 1_000);
      await fault(stage, 'kill-redis', 'Redis', async () => {
        await redis.kill();
        await rest(stage, 3_000, 1_000);
        await redis.start();
      });
      await rest(stage, 10_000, 3_000);
      return undefined;
    },
  },
  'list-kill': {
    event: 'list, one instance: SIGKILL, and started again 1 s later',
    limits: [
      { figure: 'untold', atMost: 0 },
      { figure: 'repeated', atMost: 0 },
    ],
    ...usual,
    queue: 'list',
    nginx: alone(),
    async play(stage) {
      const { primary, backup } = stage.pair;
      await backup.instance.stop();
      await rest(stage, CALM_MS, 1_000);
      await fault(stage, 'kill-instance', 'primary', async () => {
        await primary.instance.kill();
        await sleep(RESTART_MS);
        await primary.start();
      });
      await allBack(stage);
      await rest(stage, 3_000, 500);
      return undefined;
    },
  },
  'list-stop': {
    event: 'list, one instance: orderly restart, with --drain=0',
    limits: [
      { figure: 'untold', atMost: 0 },
      { figure: 'repeated', atMost: 0 },
    ],
    ...usual,
    queue: 'list',
    drain: '0',
    nginx: alone(),
    async play(stage) {
      const { primary, backup } = stage.pair;
      await backup.instance.stop();
      await rest(stage, CALM_MS, 1_000);
      await fault(stage, 'stop-instance', 'primary', async () => {
        await primary.instance.stop();
        await primary.start();
      });
      await allBack(stage);
      await rest(stage, 3_000, 500);
      return undefined;
    },
  },
  'list-pair': {
    event: 'list, a pair: SIGKILL of the primary, back after 10 s',
    limits: [
      { figure: 'untold', atMost: 0 },
      { figure: 'leftOnBackup', atMost: 0 },
    ],
    ...usual,
    queue: 'list',
    nginx: { full: [], short: triedSooner },
    async play(stage) {
      const { primary, backup } = stage.pair;
      await rest(stage, CALM_MS, 500);
      await fault(stage, 'kill-instance', 'primary', () => primary.instance.kill());
      await allOn(stage, backup);
      await rest(stage, 10_000, 2_000);
      await fault(stage, 'hand-back', 'primary', async () => {
        await primary.start();
        await isReady(stage, primary);
        await serves(stage, primary);
        await emptied(stage, backup);
      });
      await allBack(stage);
      await rest(stage, 2_000, 500);
      return backup.connections();
    },
  },
} as const satisfies Record<string, Scenario>;

/** The list queue behind nginx: deploy/README.md has its user run the primary alone and delete the line of the backup. */
function alone(): NonNullable<Scenario['nginx']> {
  const changes = [['nobody behind it.\n        server', 'nobody behind it.\n        # server']] as const;
  return { full: changes, short: changes };
}
