import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endWith, type Scope } from './cleanup.ts';

/** A new empty folder that is gone with the test. */
export async function makeTempDir(scope: Scope): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'tidings-'));
  endWith(scope, () => rm(dir, { recursive: true, force: true, maxRetries: 3 }));
  return dir;
}
