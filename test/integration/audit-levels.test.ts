import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startChild } from '../support/child.ts';
import { endWith, type Scope } from '../support/cleanup.ts';
import { plainEnvironment } from '../support/instance.ts';
import { serverEntry } from '../support/project.ts';
import { request } from '../support/request.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** Everything that a server logs which starts, is asked for one change, and stops. */
async function logOf(scope: Scope, flags: readonly string[]): Promise<Record<string, unknown>[]> {
  const args = [serverEntry, 'serve', '--port=0', '--admin-port=0', '--drain=0', ...flags];
  const child = await startChild(process.execPath, args, { cwd: await makeTempDir(scope), env: plainEnvironment() });
  endWith(scope, () => void child.end('SIGKILL'));
  // Not every level tells by the log where it listens; the lines for a person are not of the log.
  const said = await child.line((line) => /^ {2}Admin /.test(line), 'where the admin listener is');
  await child.line((line) => /^ {2}Try /.test(line), 'the last of the lines for a person');
  const url = /http:\S+(?=\/stats)/.exec(said)?.[0] ?? assert.fail(said);
  assert.equal((await request(`${url}/messages/x`, { method: 'DELETE' })).status, 404);
  assert.equal((await child.end('SIGTERM')).code, 0);
  return child.lines
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .map(({ time: _time, ...line }) => line);
}

const told = {
  level: 30,
  event: 'audit',
  action: 'retract',
  target: 'x',
  key: null,
  address: '127.0.0.1',
  status: 404,
};

for (const flags of [
  ['--log-level=warn'],
  ['--log-level=warn', '--workers=2'],
  ['--log-level=error'],
  ['--log-level=fatal'],
]) {
  test(`${flags.join(' ')}: a change is in the log, and nothing else that went well`, async (t) => {
    assert.deepEqual(await logOf(t, flags), [told]);
  });
}

for (const flags of [['--log-level=debug'], ['--log-level=info', '--workers=2']]) {
  test(`${flags.join(' ')}: a change is in the log once`, async (t) => {
    assert.deepEqual(
      (await logOf(t, flags)).filter(({ event }) => event === 'audit'),
      [told],
    );
  });
}

test('--log-level=silent: nothing is in the log', async (t) => {
  assert.deepEqual(await logOf(t, ['--log-level=silent']), []);
});
