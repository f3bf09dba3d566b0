import { createRedisJournal } from '../../src/journal/redis.ts';
import { createBullmqQueue } from '../../src/queue/bullmq.ts';
import { queueSuite } from './queue-suite.ts';
import { plenty, quiet } from './redis-place.ts';
import { openPlace } from './redis-store.ts';

queueSuite({
  name: 'bullmq',
  guarantees: { survivesProcess: true, manyInstances: true },
  keepsOrderOfCalls: false,
  async openStore() {
    const place = await openPlace();
    return {
      create() {
        const journal = createRedisJournal({ log: quiet }, { ...place, retention: plenty });
        const queue = createBullmqQueue({ journal, log: quiet, now: Date.now, onExpired: () => {} }, place);
        return { journal, queue };
      },
    };
  },
});
