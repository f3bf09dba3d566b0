import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../support/project.ts';
import { runProgram } from '../support/run-command.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const appends = 5;

/** Appends one after the other, and says of each when it was called and when it was answered. */
const script = `
import { writeSync } from 'node:fs';
import { createDiskJournal } from ${JSON.stringify(join(projectRoot, 'dist/journal/disk.js'))};
const clock = { now: Date.now, isExpired: () => false };
const log = { info() {}, error() {} };
const retention = { messages: 10, bytes: 65536, ageMs: 1e6, mailboxMessages: 10, broadcastMessages: 10, idMs: 1e6, ids: 10 };
const journal = createDiskJournal({ now: Date.now, clock, onExpired() {}, log }, { dir: process.argv[2], retention, deadlineMs: 5000 });
await journal.start(() => writeSync(1, 'told\\n'));
for (let n = 0; n < ${appends}; n += 1) {
  const message = { id: 'm' + n, fingerprint: '', uids: null, type: 'notice', expiresAtMs: 0, push: '{}', retracts: 0, deliverAtMs: 0 };
  writeSync(1, 'called\\n');
  await journal.append([message]);
  writeSync(1, 'answered\\n');
}
await journal.stop();
`;

test('each append is answered, and told, after its data and then the page that makes it count are flushed', async (t) => {
  const dir = await makeTempDir(t);
  const scriptPath = join(dir, 'append.mjs');
  const tracePath = join(dir, 'trace');
  writeFileSync(scriptPath, script);
  const calls = 'trace=openat,fdatasync,fsync,msync,pwrite64,write';
  const { code, stderr } = await runProgram('strace', [
    ...['-f', '-s', '16', '-e', calls, '-o', tracePath],
    ...[process.execPath, scriptPath, join(dir, 'data')],
  ]);
  assert.equal(code, 0, stderr);

  const lines = readFileSync(tracePath, 'utf8').split('\n');
  const synced = lines.find((line) => line.includes('journal.mdb"') && line.includes('O_DSYNC'));
  const metaFile = /= (\d+)$/.exec(synced ?? '')?.[1];
  assert.ok(metaFile !== undefined, 'LMDB writes its first pages through a file that is synchronous');
  let answered = 0;
  let seen = '';
  for (const line of lines) {
    if (line.includes('write(1, "called')) seen = '';
    else if (/ (fdatasync|fsync|msync)\(.*= 0$|resumed.*= 0$/.test(line)) seen += 'data ';
    else if (line.includes(` pwrite64(${metaFile},`)) seen += 'meta ';
    else if (line.includes('write(1, "told')) seen += 'told ';
    else if (line.includes('write(1, "answered')) {
      assert.match(seen, /data .*meta told $/, `of append ${answered}: ${seen}`);
      answered += 1;
    }
  }
  assert.equal(answered, appends);
});
