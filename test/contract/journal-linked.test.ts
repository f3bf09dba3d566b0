import { suite } from 'node:test';
import { createDiskJournal } from '../../src/journal/disk.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { openerOf, type JournalDriver } from './journal-driver.ts';
import { sharingTests } from './journal-sharing.ts';
import { journalSuite } from './journal-suite.ts';
import { openLinkedStore } from './linked-store.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };

const memory: JournalDriver = {
  name: 'linked to memory',
  guarantees: { survivesProcess: false, shared: false },
  openStore: (scope) =>
    openLinkedStore(scope, ({ retention, ...deps }) => createMemoryJournal({ now: Date.now, ...deps }, retention)),
};

const disk: JournalDriver = {
  name: 'linked to disk',
  guarantees: { survivesProcess: false, shared: false },
  async openStore(scope) {
    const dir = await makeTempDir(scope);
    return openLinkedStore(scope, ({ retention, ...deps }) =>
      createDiskJournal({ now: Date.now, log, ...deps }, { dir, retention, deadlineMs: 5000 }),
    );
  },
};

for (const driver of [memory, disk]) {
  journalSuite(driver);
  suite(`journal: ${driver.name}, many workers`, () => sharingTests(openerOf(driver)));
}
