import { createDiskJournal } from '../../src/journal/disk.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { journalSuite } from './journal-suite.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };

journalSuite({
  name: 'disk',
  guarantees: { survivesProcess: true, shared: false },
  async openStore(scope) {
    const dir = await makeTempDir(scope);
    return {
      create: ({ retention, ...deps }) =>
        createDiskJournal({ now: Date.now, log, ...deps }, { dir, retention, deadlineMs: 5000 }),
    };
  },
});
