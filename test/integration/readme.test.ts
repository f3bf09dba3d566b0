import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { startChild } from '../support/child.ts';
import { freePort } from '../support/free-port.ts';
import { plainEnvironment } from '../support/instance.ts';
import { projectRoot } from '../support/project.ts';
import { runProgram } from '../support/run-command.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { connectWs } from '../support/ws-client.ts';

const readme = readFileSync(join(projectRoot, 'README.md'), 'utf8');

/** The text of every code block of a language, in their order. */
function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map((match) =>
    (match[1] ?? '').trim(),
  );
}

/** A copy of what git knows, as a clone has it: no node_modules, no build. */
function cloneTo(folder: string): void {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', list, { cwd: projectRoot, encoding: 'utf8' }).split('\0');
  for (const file of files.filter((name) => name !== '')) {
    cpSync(join(projectRoot, file), join(folder, file), { recursive: true });
    assert.notEqual(dirname(file), 'node_modules');
  }
}

/** It installs every package and builds: some ten seconds where nobody else is at work. */
const prepareLimitMs = 60_000;

// Only the port differs from what stands there: another server may have 3210 on this machine.
test('the commands of the README, as written, in a fresh clone', async (t) => {
  const [start, curl, open, ab, ...others] = blocks('sh');
  assert.equal(start, 'npm start');
  assert.match(curl ?? '', /^curl /);
  const [makeKeys = '', serveAll = ''] = (open ?? '').split('\n');
  assert.match(makeKeys, /^node dist\/main\.js keys > tidings\.yaml /);
  assert.match(ab ?? '', /^ab /);
  assert.deepEqual(others, [], 'a command of the README that this test does not run');
  const [snippet = ''] = blocks('js');
  const listenAt = /'(ws:[^']+)'/.exec(snippet)?.[1];
  assert.ok(listenAt);

  const clone = await makeTempDir(t);
  cloneTo(clone);
  const port = await freePort();
  const here = (text: string): string => text.replaceAll('127.0.0.1:3210', `127.0.0.1:${port}`);
  const environment = { ...plainEnvironment(), TIDINGS_PORT: String(port) };

  // Without a shell around it: npm passes a signal on, a shell that waits for npm does not.
  const server = await startChild('npm', ['start'], { cwd: clone, env: environment });
  t.after(() => server.end('SIGTERM'));
  await server.line(
    (line) => line.includes(`Demo    http://127.0.0.1:${port}/demo/`),
    'the line that says where the demo is',
    prepareLimitMs,
  );

  const page = await runProgram('curl', ['-sf', `http://127.0.0.1:${port}/demo/`]);
  assert.match(page.stdout, /<!doctype html>/i);

  const listener = await connectWs(t, here(listenAt));
  const posted = await runProgram('sh', ['-c', here(curl ?? '')], { cwd: clone });
  const [answer = ''] = blocks('json');
  const shape = (json: string): string[] => Object.keys(JSON.parse(json) as object);
  assert.deepEqual(shape(posted.stdout), shape(answer));
  const frame = await listener.next();
  assert.ok(typeof frame === 'object' && frame !== null && 'msg' in frame);
  assert.equal(frame.msg, 'hello');

  assert.equal((await runProgram('sh', ['-c', makeKeys], { cwd: clone })).code, 0);
  // What would serve all the world only says with what.
  const [, flags = ''] = /^node dist\/main\.js (--.*)$/.exec(serveAll) ?? assert.fail(serveAll);
  const config = await runProgram('node', ['dist/main.js', 'config', ...flags.split(' ')], { cwd: clone });
  assert.match(config.stdout, /^host: 0\.0\.0\.0 +# flag$/m);

  const load = await runProgram('sh', ['-c', here(ab ?? '')], { cwd: clone });
  assert.match(load.stdout, /Complete requests: +10000\n/);
  assert.match(load.stdout, /Failed requests: +0\n/);
  assert.doesNotMatch(load.stdout, /Non-2xx/);
  await listener.count(10_001);
});
