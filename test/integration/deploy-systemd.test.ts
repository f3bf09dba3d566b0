import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { defaultConfig } from '../../src/config/schema.ts';
import type { Scope } from '../support/cleanup.ts';
import { substitute } from '../support/nginx.ts';
import { projectRoot, serverEntry } from '../support/project.ts';
import { runProgram } from '../support/run-command.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const SECOND_MS = 1000;

/** systemd's own sum of what a service could do, 0 to 10. What is left is the network, AF_UNIX and V8's memory. */
const MOST_EXPOSED = 1.5;

const one = readFileSync(join(projectRoot, 'deploy/tidings.service'), 'utf8');
const many = readFileSync(join(projectRoot, 'deploy/tidings@.service'), 'utf8');

test('systemd finds nothing wrong with the units', async (t) => {
  const units = [
    ['tidings.service', one],
    ['tidings@primary.service', many],
  ] as const;
  for (const [name, text] of units) {
    const { code, said } = await verify(t, name, text);
    assert.equal(said, '', name);
    assert.equal(code, 0, name);
  }
  // It does find something.
  const wrong = await verify(t, 'tidings.service', substitute(one, [['KillMode=mixed', 'KillMod=mixed']]));
  assert.match(wrong.said, /Unknown key.*'KillMod'/);
  const gone = await verify(t, 'tidings.service', substitute(one, [['ExecStart=', 'ExecStart=/nowhere']]));
  assert.notEqual(gone.code, 0);
});

test('the units leave little to whoever breaks in', async (t) => {
  for (const text of [one, many]) {
    assert.ok((await exposure(t, text)) <= MOST_EXPOSED);
    // V8 cannot run with it.
    assert.doesNotMatch(directives(text).join('\n'), /MemoryDenyWriteExecute/);
  }
  assert.ok((await exposure(t, substitute(one, [['DynamicUser=yes', '']]))) > MOST_EXPOSED, 'as root');
});

test('a stop has time to drain, and only what helps is started again', () => {
  const config = defaultConfig();
  const value = (name: string): string => {
    const [found = '', ...others] = directives(one).filter((line) => line.startsWith(`${name}=`));
    assert.deepEqual(others, [], name);
    return found.slice(name.length + 1);
  };
  const stopMs = Number(/^(\d+)s$/.exec(value('TimeoutStopSec'))?.[1]) * SECOND_MS;
  assert.ok(stopMs >= 2 * config.drainMs, `${stopMs} ms for a drain of ${config.drainMs} ms and what follows it`);
  assert.equal(value('ExecReload'), '/bin/kill -HUP $MAINPID', 'what tls.test.ts does');
  assert.equal(value('KillSignal'), 'SIGTERM');
  assert.equal(value('KillMode'), 'mixed', 'the workers are told by their own supervisor');
  assert.equal(value('Restart'), 'on-failure');
  assert.equal(value('RestartPreventExitStatus'), '64');
  assert.ok(Number(value('LimitNOFILE')) > config.maxConnections);
});

test('the two units differ only where the name of the instance stands', () => {
  const named = substitute(many, [
    [' (%i)', ''],
    ['EnvironmentFile=/etc/tidings/%i.env', 'EnvironmentFile=-/etc/tidings/tidings.env'],
    ['User=tidings-%i\n', ''],
    ['StateDirectory=tidings-%i', 'StateDirectory=tidings'],
  ]);
  assert.deepEqual(directives(named), directives(one));
});

function directives(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

async function verify(scope: Scope, name: string, text: string): Promise<{ code: number | null; said: string }> {
  const file = join(await makeTempDir(scope), name);
  // Its programs must be there.
  const places: [string, string][] = [
    ['/usr/bin/node', process.execPath],
    ['/opt/tidings/dist/main.js', serverEntry],
    ['/opt/tidings/docs/config.md', join(projectRoot, 'docs/config.md')],
  ];
  await writeFile(file, substitute(text, places));
  const { code, stdout, stderr } = await runProgram('systemd-analyze', ['verify', '--man=no', file]);
  const ours = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('tidings'));
  return { code, said: ours.join('\n') };
}

async function exposure(scope: Scope, text: string): Promise<number> {
  const file = join(await makeTempDir(scope), 'tidings.service');
  await writeFile(file, text.replaceAll('%i', 'primary'));
  const { stdout } = await runProgram('systemd-analyze', ['security', '--offline=true', '--no-pager', file]);
  const found = /Overall exposure level for .*: ([\d.]+) /.exec(stdout);
  assert.ok(found, stdout);
  return Number(found[1]);
}
