import { performance } from 'node:perf_hooks';
import { createDiskJournal } from '../../src/journal/disk.ts';
import { createClock } from '../../src/message/clock.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { journalSuite } from './journal-suite.ts';

const clock = createClock({ wallMs: Date.now, monotonicMs: () => performance.now(), newestMid: () => 0 });
const log = { info: () => {}, error: () => {} };
const deps = { now: Date.now, clock, onExpired: () => {}, log };

journalSuite({
  name: 'disk',
  guarantees: { survivesProcess: true, shared: false },
  async openStore(scope) {
    const dir = await makeTempDir(scope);
    return { create: (retention) => createDiskJournal(deps, { dir, retention, deadlineMs: 5000 }) };
  },
});
