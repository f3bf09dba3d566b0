import { createRedisJournal } from '../../src/journal/redis.ts';
import { createBullmqQueue } from '../../src/queue/bullmq.ts';
import { openClusterPlace } from './cluster-store.ts';
import { machineClock } from './machine-clock.ts';
import { queueSuite } from './queue-suite.ts';
import { plenty, quiet } from './redis-place.ts';

queueSuite({
  name: 'bullmq on Cluster',
  guarantees: { survivesProcess: true, manyInstances: true, schedules: true },
  keepsOrderOfCalls: false,
  async openStore() {
    const place = await openClusterPlace();
    return {
      create() {
        const deps = { log: quiet, clock: machineClock, onExpired: assertNone };
        const options = { ...place, retention: plenty };
        const journal = createRedisJournal(deps, options);
        const queue = createBullmqQueue({ ...deps, journal }, options);
        return { journal, queue };
      },
    };
  },
});

function assertNone(): never {
  throw new Error('nothing has expired');
}
