import assert from 'node:assert/strict';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { callScript } from '../../support/call-script.ts';
import type { Scope } from '../../support/cleanup.ts';
import { projectRoot } from '../../support/project.ts';
import { runProgram } from '../../support/run-command.ts';
import { makeTempDir } from '../../support/temp-dir.ts';
import { plantedProject } from './planted-package.ts';
import { startRegistry } from './registry.ts';

const integrity = `sha512-${'A'.repeat(86)}==`;
const advisory = {
  id: 1,
  url: 'https://example.com/1',
  title: 'It tells secrets',
  severity: 'low',
  vulnerable_versions: '<1.0.1',
};

/** What the audit finds, or in one string why it found nothing. */
async function audit(scope: Scope, status: number, body: object): Promise<unknown> {
  const dir = JSON.stringify(
    await plantedProject(scope, { registry: await startRegistry(scope, { status, body }), integrity }),
  );
  return callScript(
    'release-state.mjs',
    `(async () => script.knownVulnerabilities(${dir}))().catch((error) => error.message)`,
  );
}

test('a release is audited, and what cannot be asked is not clean', async (t) => {
  assert.deepEqual(await audit(t, 200, {}), []);
  assert.deepEqual(await audit(t, 200, { planted: [advisory] }), ['planted 1.0.0: low: It tells secrets']);
  assert.match(String(await audit(t, 405, {})), /could not be asked: 405/);
});

test('a release is what its package.json names, dated and committed', async (t) => {
  const dir = await makeTempDir(t);
  const unfinished = (): Promise<unknown> =>
    callScript('release-state.mjs', `script.unfinished(${JSON.stringify(dir)})`);
  const write = (name: string, content: object | string): Promise<void> =>
    writeFile(join(dir, name), typeof content === 'string' ? content : JSON.stringify(content));
  const git = async (...args: readonly string[]): Promise<void> => {
    const as = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
    const { code, stderr } = await runProgram('git', [...as, ...args], { cwd: dir });
    assert.equal(code, 0, stderr);
  };
  await git('init', '--quiet');
  await write('package.json', { version: '1.2.0' });
  await write('package-lock.json', { version: '1.2.0' });
  await write('CHANGELOG.md', '# Changelog\n\n## 1.2.0 - 2026-11-21\n\n## 1.1.0 - 2026-10-01\n');
  assert.deepEqual(await unfinished(), ['there is something that is not committed']);
  await git('add', '.');
  await git('commit', '--quiet', '--message=all');
  assert.deepEqual(await unfinished(), []);

  await write('package-lock.json', { version: '1.1.0' });
  await write('CHANGELOG.md', '# Changelog\n\n## 1.3.0 - unreleased\n\n## 1.2.0 - 2026-11-21\n');
  assert.deepEqual(await unfinished(), [
    'package-lock.json is of 1.1.0, package.json of 1.2.0',
    'the newest entry of CHANGELOG.md is 1.3.0, package.json is of 1.2.0',
    'the newest entry of CHANGELOG.md is not dated: unreleased',
    'there is something that is not committed',
  ]);
});

test('the command says no, and exits with it, when one answer is no', async (t) => {
  const dir = await makeTempDir(t);
  for (const part of ['scripts', 'package.json', 'package-lock.json'])
    await cp(join(projectRoot, part), join(dir, part), { recursive: true });
  await writeFile(join(dir, 'CHANGELOG.md'), '');
  await writeFile(
    join(dir, '.npmrc'),
    `registry=${await startRegistry(t, { status: 200, body: {} })}\ncache=${join(dir, 'cache')}\n`,
  );
  const { code, stdout } = await runProgram(process.execPath, ['scripts/release-check.mjs'], { cwd: dir });
  assert.equal(code, 1);
  assert.match(stdout, /^✔ no known vulnerability/m);
  assert.match(stdout, /^✖ version, change log and work tree\n {4}the newest entry/m);
});
