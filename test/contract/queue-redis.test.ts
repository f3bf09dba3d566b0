import { createRedisJournal } from '../../src/journal/redis.ts';
import { createDirectQueue } from '../../src/queue/direct.ts';
import { queueSuite } from './queue-suite.ts';
import { machineClock } from './machine-clock.ts';
import { plenty, quiet } from './redis-place.ts';
import { openPlace } from './redis-store.ts';

queueSuite({
  name: 'redis',
  guarantees: { survivesProcess: true, manyInstances: true, schedules: false },
  keepsOrderOfCalls: true,
  async openStore() {
    const place = await openPlace();
    return {
      create() {
        const journal = createRedisJournal(
          { log: quiet, clock: machineClock, onExpired: () => {} },
          { ...place, retention: plenty },
        );
        return { journal, queue: createDirectQueue({ journal }) };
      },
    };
  },
});
