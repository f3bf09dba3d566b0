import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { eventually } from '../support/deadline.ts';
import type { Serving } from './serving.ts';

/** How many files and sockets a server process has open. */
export function openFiles({ pid }: Serving): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Resident memory of a server process, in bytes. */
export function residentBytes({ pid }: Serving): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096;
}

/** Serves an honest client again and again while the work is done, and once more after it. Fails when it is not served. */
export async function besideHonest(server: Serving, work: Promise<unknown>): Promise<void> {
  let isOver = false;
  let rounds = 0;
  const serving = (async () => {
    do {
      await server.serves();
      rounds += 1;
    } while (!isOver);
    await server.serves();
  })();
  await Promise.all([serving, work.finally(() => (isOver = true))]);
  assert.ok(rounds > 0);
}

/** Resolves once the server holds no more open than `files`, and nobody but the honest client is connected. */
export async function holdsNothingMore(server: Serving, files: number): Promise<void> {
  // Node itself may keep some open that it had not before, such as a connection of /stats that is closing.
  const few = 5;
  await eventually(
    () => (openFiles(server) <= files + few ? true : undefined),
    () => `${openFiles(server)} files are open, and were ${files}`,
  );
  await server.until(({ gauges }) => gauges.connections === 1 && gauges.uids === 1, 'the hostile ones to be forgotten');
}
