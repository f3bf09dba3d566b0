import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { startInstance } from '../../support/instance.ts';
import { createScope } from '../../support/planned-scope.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

const LISTENING = `console.error(JSON.stringify({ event: 'listening', url: 'http://127.0.0.1:1', adminUrl: 'http://127.0.0.1:2' }));`;
const STAYS = 'setInterval(() => {}, 1000);';
const ENDS_WELL = `process.on('SIGTERM', () => process.exit(0));`;

/** A stand-in for the server that behaves as `script` says. */
async function planted(t: TestContext, script: string): Promise<string> {
  const entry = join(await makeTempDir(t), 'server.mjs');
  await writeFile(entry, script);
  return entry;
}

test('gives the addresses and the log of a server, and ends it', async (t) => {
  const entry = await planted(
    t,
    `${STAYS} ${ENDS_WELL} console.log('Tidings'); ${LISTENING}
     setTimeout(() => console.error(JSON.stringify({ event: 'later', args: process.argv.slice(2), env: process.env.X })), 50);`,
  );
  const scope = createScope();
  const instance = await startInstance(scope, { entry, flags: ['--queue=list'], env: { X: 'y' } });
  assert.equal(instance.url, 'http://127.0.0.1:1');
  assert.equal(instance.wsUrl, 'ws://127.0.0.1:1');
  assert.equal(instance.adminUrl, 'http://127.0.0.1:2');
  const record = await instance.logged('later');
  assert.deepEqual(record['args'], ['serve', '--port=0', '--admin-port=0', '--drain=0', '--queue=list']);
  assert.equal(record['env'], 'y');
  assert.equal(instance.records('later').length, 1);
  assert.equal(instance.lines[0], 'Tidings');
  await scope.end();
  assert.deepEqual(await instance.exited, { code: 0, signal: null });
});

test('a server that was killed on purpose fails nothing', async (t) => {
  const entry = await planted(t, `${STAYS} ${LISTENING}`);
  const scope = createScope();
  const instance = await startInstance(scope, { entry });
  await instance.kill();
  assert.deepEqual(await instance.exited, { code: null, signal: 'SIGKILL' });
  await scope.end();
});

test('a paused server is ended all the same', async (t) => {
  const scope = createScope();
  const instance = await startInstance(scope, { entry: await planted(t, `${STAYS} ${ENDS_WELL} ${LISTENING}`) });
  instance.pause();
  await scope.end();
  assert.deepEqual(await instance.exited, { code: 0, signal: null });
});

const faults = [
  {
    name: 'that dies of an unhandled rejection',
    script: `${STAYS} ${LISTENING} setTimeout(() => Promise.reject(new Error('planted')), 20); console.error('{"event":"x"}');`,
    says: /planted|had a bug/,
    waitsForEnd: true,
  },
  {
    name: 'that survives an unhandled rejection and only logs it',
    script: `${STAYS} ${ENDS_WELL} process.on('unhandledRejection', () => console.error('{"event":"unhandled_rejection"}'));
      ${LISTENING} Promise.reject(new Error('planted'));`,
    says: /had a bug: .*unhandled_rejection/,
  },
  {
    name: 'that exits by itself, even well',
    script: `${LISTENING} setTimeout(() => process.exit(0), 20);`,
    says: /ended by itself \(0\)/,
    waitsForEnd: true,
  },
  {
    name: 'that is killed by somebody else',
    script: `${STAYS} ${LISTENING} setTimeout(() => process.kill(process.pid, 'SIGKILL'), 20);`,
    says: /ended by itself \(SIGKILL\)/,
    waitsForEnd: true,
  },
  {
    name: 'that exits with 1 when asked to end',
    script: `${STAYS} process.on('SIGTERM', () => process.exit(1)); ${LISTENING}`,
    says: /ended with 1 after SIGTERM/,
  },
  {
    name: 'that does not end when asked to',
    script: `${STAYS} process.on('SIGTERM', () => {}); ${LISTENING}`,
    says: /not within 300 ms: the end after SIGTERM/,
  },
] as const;

for (const fault of faults) {
  test(`a server ${fault.name} fails the test`, async (t) => {
    const scope = createScope();
    const instance = await startInstance(scope, { entry: await planted(t, fault.script), stopLimitMs: 300 });
    if ('waitsForEnd' in fault) await instance.exited;
    else if (fault.script.includes('unhandled_rejection')) await instance.logged('unhandled_rejection');
    await assert.rejects(scope.end(), fault.says);
    await instance.exited;
  });
}

test('a server that ends before it listens is refused, with what it printed', async (t) => {
  const entry = await planted(t, `console.error('no such queue'); process.exit(64);`);
  await assert.rejects(startInstance(t, { entry }), /ended \(64\) before the event 'listening'[^]*no such queue/);
});
