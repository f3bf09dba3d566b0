import { createRedisJournal } from '../../src/journal/redis.ts';
import { journalSuite } from './journal-suite.ts';
import { quiet } from './redis-place.ts';
import { openPlace } from './redis-store.ts';

journalSuite({
  name: 'redis',
  guarantees: { survivesProcess: true, shared: true },
  async openStore() {
    const place = await openPlace();
    return {
      create: ({ retention, ...deps }) => createRedisJournal({ log: quiet, ...deps }, { ...place, retention }),
    };
  },
});
