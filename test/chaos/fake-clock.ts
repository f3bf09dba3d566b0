import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A process's wall clock that can be put wrong while it runs. Its monotonic clock, and so its timers, are left alone. */
export interface FakeClock {
  /** What the process's environment needs. */
  readonly env: Readonly<Record<string, string>>;
  /** From now on the clock is wrong by so much; 0: right again. */
  set(offsetMs: number): void;
}

/** libfaketime, which comes with the program `faketime`, reads the offset from a file in `dir` at every look at the clock. */
export function createFakeClock(dir: string): FakeClock {
  const file = join(dir, 'clock-offset');
  const set = (offsetMs: number): void => {
    // Renamed into place: a reader never sees half of it.
    writeFileSync(`${file}.next`, `${offsetMs < 0 ? '-' : '+'}${Math.abs(offsetMs) / 1_000}\n`);
    renameSync(`${file}.next`, file);
  };
  set(0);
  return {
    env: {
      LD_PRELOAD: findLibrary(),
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    set,
  };
}

function findLibrary(): string {
  const folders = ['/usr/lib', ...readdirSync('/usr/lib').map((name) => join('/usr/lib', name))];
  const found = folders.map((folder) => join(folder, 'faketime/libfaketimeMT.so.1')).find((path) => existsSync(path));
  if (found === undefined) throw new Error('libfaketime is not installed: on Debian the package faketime brings it');
  return found;
}
