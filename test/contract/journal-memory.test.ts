import { createMemoryJournal } from '../../src/journal/memory.ts';
import { journalSuite } from './journal-suite.ts';

journalSuite({
  name: 'memory',
  guarantees: { survivesProcess: false, shared: false },
  openStore: () =>
    Promise.resolve({
      create: ({ retention, ...deps }) => createMemoryJournal({ now: Date.now, ...deps }, retention),
    }),
});
