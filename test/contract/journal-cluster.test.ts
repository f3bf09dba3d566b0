import { createRedisJournal } from '../../src/journal/redis.ts';
import { openClusterPlace } from './cluster-store.ts';
import { journalSuite } from './journal-suite.ts';
import { quiet } from './redis-place.ts';

journalSuite({
  name: 'redis on Cluster',
  guarantees: { survivesProcess: true, shared: true },
  async openStore() {
    const place = await openClusterPlace();
    return {
      create: ({ retention, ...deps }) => createRedisJournal({ log: quiet, ...deps }, { ...place, retention }),
    };
  },
});
