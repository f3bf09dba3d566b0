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
const log = { info() {}, warn() {}, error() {} };
const retention = { messages: 10, bytes: 65536, ageMs: 1e6, mailboxMessages: 10, broadcastMessages: 10, idMs: 1e6, ids: 10 };
const sizes = { leastBytes: 4096, mostBytes: 4096 };
const options = { dir: process.argv[2], retention, deadlineMs: 5000, sizes };
const journal = createDiskJournal({ now: Date.now, clock, onExpired() {}, log }, options);
await journal.start(() => writeSync(1, 'told\\n'));
for (let n = 0; n < ${appends}; n += 1) {
  const push = 'x'.repeat(1500);
  const message = { id: 'm' + n, fingerprint: '', uids: null, type: 'notice', expiresAtMs: 0, push, retracts: 0, deliverAtMs: 0 };
  writeSync(1, 'called\\n');
  await journal.append([message]);
  writeSync(1, 'answered\\n');
}
await journal.stop();
`;

interface Call {
  readonly name: string;
  readonly file: string;
  readonly text: string;
}

/** The calls in the order in which they ended, those that failed left out. */
function callsIn(trace: string): Call[] {
  const calls: Call[] = [];
  const unfinished = new Map<string, string>();
  for (const line of trace.split('\n')) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const begun = /^(.*) <unfinished \.\.\.>$/.exec(rest)?.[1];
    if (begun !== undefined) {
      unfinished.set(thread, begun);
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)?.[1];
    const text = resumed === undefined ? rest : `${unfinished.get(thread) ?? ''}${resumed}`;
    const [, name, file = ''] = /^(\w+)\((\d*)/.exec(text) ?? [];
    if (name !== undefined && !text.includes('= -1')) calls.push({ name, file, text });
  }
  return calls;
}

test('each append is answered, and told, after it is written and flushed, in a segment that is on disk with its name', async (t) => {
  const dir = await makeTempDir(t);
  const scriptPath = join(dir, 'append.mjs');
  const tracePath = join(dir, 'trace');
  writeFileSync(scriptPath, script);
  const { code, stderr } = await runProgram('strace', [
    ...['-f', '-s', '16', '-e', 'trace=openat,close,fdatasync,fsync,pwrite64,write,rename', '-o', tracePath],
    ...[process.execPath, scriptPath, join(dir, 'data')],
  ]);
  assert.equal(code, 0, stderr);

  const files = new Map<string, string>();
  const segments = new Map<string, string>();
  let seen = '';
  let answered = 0;
  for (const { name, file, text } of callsIn(readFileSync(tracePath, 'utf8'))) {
    const path = files.get(file) ?? '';
    const log = /journal-\d+\.log$/.exec(path)?.[0];
    if (name === 'openat') {
      files.set(/= (\d+)$/.exec(text)?.[1] ?? '', /"(.*?)"/.exec(text)?.[1] ?? '');
    } else if (name === 'rename') {
      for (const [segment, state] of segments) if (state === 'flushed') segments.set(segment, 'noted');
    } else if (name === 'fsync' && log !== undefined) {
      segments.set(log, 'flushed');
    } else if (name === 'fsync' && path.endsWith('/data')) {
      for (const [segment, state] of segments) if (state === 'noted') segments.set(segment, 'ready');
    } else if (name === 'fsync' && path.endsWith('tidings.json.new')) {
      segments.set('tidings.json', 'flushed');
    } else if (name === 'pwrite64' && log !== undefined && segments.has(log)) {
      assert.equal(segments.get(log), 'ready', `a record in ${log}`);
      seen += 'record ';
    } else if (name === 'fdatasync') {
      seen += 'flush ';
    } else if (text.includes('"called')) {
      seen = '';
    } else if (text.includes('"told')) {
      seen += 'told ';
    } else if (text.includes('"answered')) {
      assert.equal(seen, 'record flush told ', `of append ${answered}`);
      answered += 1;
    }
  }
  assert.equal(answered, appends);
  assert.ok([...segments.keys()].length > 3, 'several segments were begun, and the note was flushed');
});
