import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { callScript } from '../../support/call-script.ts';
import { projectRoot } from '../../support/project.ts';
import { runProgram, type CommandResult } from '../../support/run-command.ts';
import { integrityOf, MARK, plantedArchive, plantedProject } from './planted-package.ts';
import { startRegistry } from './registry.ts';

const noAudit = { status: 404, body: {} };
const ours = await readFile(join(projectRoot, '.npmrc'), 'utf8');

const ran = (dir: string): boolean => existsSync(join(dir, MARK));
const isInstalled = (dir: string): boolean => existsSync(join(dir, 'node_modules/planted/package.json'));

function npmCi(dir: string, ...args: readonly string[]): Promise<CommandResult> {
  return runProgram('npm', ['ci', '--no-audit', ...args], { cwd: dir });
}

test('no package runs a script when our scripts install it, nor by npm itself in a clone', async (t) => {
  const archive = await plantedArchive(t);
  const integrity = integrityOf(archive);
  const registry = await startRegistry(t, noAudit, archive);

  const open = await plantedProject(t, { registry, integrity });
  assert.equal((await npmCi(open, '--ignore-scripts=false')).code, 0);
  assert.ok(ran(open), 'the planted package runs its script where it may');

  const scripted = await plantedProject(t, { registry, integrity, npmrc: 'ignore-scripts=false' });
  await callScript('dependencies.mjs', `script.installDependencies('a test', ${JSON.stringify(scripted)})`);
  assert.deepEqual([isInstalled(scripted), ran(scripted)], [true, false], 'whatever the settings of npm are');

  const clone = await plantedProject(t, { registry, integrity, npmrc: ours });
  assert.equal((await npmCi(clone)).code, 0);
  assert.deepEqual([isInstalled(clone), ran(clone)], [true, false]);
});

test('a package whose content is not what was locked is not installed', async (t) => {
  const archive = await plantedArchive(t);
  const registry = await startRegistry(t, noAudit, archive);
  const integrity = integrityOf(Buffer.concat([archive, Buffer.from('.')]));
  const dir = await plantedProject(t, { registry, integrity, npmrc: ours });
  const { code, stderr } = await npmCi(dir);
  assert.notEqual(code, 0);
  assert.match(stderr, /EINTEGRITY/);
  assert.equal(isInstalled(dir), false);
});
