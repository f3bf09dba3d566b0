import { createMemoryJournal } from '../../src/journal/memory.ts';
import { journalSuite } from './journal-suite.ts';

journalSuite({
  name: 'memory',
  guarantees: { survivesProcess: false, shared: false },
  openStore: () => Promise.resolve({ create: (retention) => createMemoryJournal({ now: Date.now }, retention) }),
});
