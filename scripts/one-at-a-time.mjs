// Two `npm start` in one fresh clone (a primary and its backup, say) must not install and build over each other.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Failure, root, say } from './project.mjs';

const LOCK = join(root, '.prepare.lock');
const WAIT_LIMIT_MS = 10 * 60_000;
const POLL_MS = 100;

/** Runs `work` while holding the lock file, which names its holder's pid: a dead holder's lock is taken over. */
export async function oneAtATime(work) {
  const waitUntilMs = performance.now() + WAIT_LIMIT_MS;
  for (let told = false; !take(); told = true) {
    const holder = Number(read());
    if (holder > 0 && !isAlive(holder)) rmSync(LOCK, { force: true });
    if (!told) say(`waiting for process ${holder}, which is preparing this folder`);
    if (performance.now() > waitUntilMs) throw new Failure(`process ${holder} still holds ${LOCK}`);
    await pause(POLL_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(LOCK, { force: true });
  }
}

function take() {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw new Failure(`cannot write ${LOCK}: ${error.message}`);
  }
}

function read() {
  try {
    return readFileSync(LOCK, 'utf8');
  } catch {
    return '';
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
