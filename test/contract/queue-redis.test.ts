import { createRedisJournal } from '../../src/journal/redis.ts';
import { createRedisQueue } from '../../src/queue/redis.ts';
import { queueSuite } from './queue-suite.ts';
import { plenty, quiet } from './redis-place.ts';
import { openPlace } from './redis-store.ts';

queueSuite({
  name: 'redis',
  guarantees: { survivesProcess: true, manyInstances: true },
  keepsOrderOfCalls: true,
  async openStore() {
    const place = await openPlace();
    return {
      create() {
        const journal = createRedisJournal({ log: quiet }, { ...place, retention: plenty });
        return { journal, queue: createRedisQueue({ journal }) };
      },
    };
  },
});
