import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { isRuntime, lockProblems, packagesOf, type Lock, type Manifest } from '../support/lock-rules.ts';
import { packaging } from '../support/packaging.ts';
import { projectRoot } from '../support/project.ts';
import { makeTempDir } from '../support/temp-dir.ts';

interface Licenses {
  readonly ALLOWED: readonly string[];
  licenseText(packages: readonly string[]): string;
}

async function read<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(join(projectRoot, file), 'utf8')) as T;
}

test('what gets installed is pinned by content, runs nothing, and may be handed on', async () => {
  const { ALLOWED } = await packaging<Licenses>('licenses.mjs');
  const lock = await read<Lock>('package-lock.json');
  assert.deepEqual(lockProblems(await read<Manifest>('package.json'), lock, ALLOWED), []);
  // That there was something to look at.
  const packages = packagesOf(lock);
  assert.ok(packages.filter(isRuntime).length > 50);
  assert.ok(packages.some(({ hasInstallScript }) => hasInstallScript === true));
});

const pinned = { version: '1.0.0', integrity: `sha512-${'A'.repeat(86)}==`, license: 'MIT' };

for (const [what, manifest, locked, says] of [
  ['a package without a digest', {}, { version: '1.0.0', license: 'MIT' }, 'node_modules/x has no SHA-512'],
  ['one with a weak digest', {}, { ...pinned, integrity: 'sha1-AAAA' }, 'node_modules/x has no SHA-512'],
  [
    'one from a place of its own',
    {},
    { ...pinned, resolved: 'git+ssh://git@example.com/x.git' },
    'node_modules/x is bound to a place: git+ssh://git@example.com/x.git',
  ],
  ['a range', { dependencies: { x: '^1.0.0' } }, pinned, 'x ^1.0.0 is not one version'],
  ['a licence that asks for more', {}, { ...pinned, license: 'AGPL-3.0-only' }, 'x is under AGPL-3.0-only'],
  [
    'an install script that nobody has listed',
    {},
    { ...pinned, hasInstallScript: true },
    'x has an install script and is not in allowScripts',
  ],
  [
    'an install script that is allowed',
    { allowScripts: { x: true } },
    { ...pinned, hasInstallScript: true },
    'allowScripts allows x, and .npmrc does not',
  ],
  [
    'a listed package without a script',
    { allowScripts: { x: false } },
    pinned,
    'allowScripts lists x, which has no install script',
  ],
  [
    'a script that would be ignored',
    { scripts: { start: '', prestart: '' } },
    pinned,
    'the script prestart never runs: .npmrc ignores it',
  ],
] as const) {
  test(`refused: ${what}`, () => {
    assert.deepEqual(lockProblems(manifest, { packages: { '': {}, 'node_modules/x': locked } }, ['MIT']), [says]);
  });
}

test('not refused: a development package under any licence, and what is listed', () => {
  const packages = {
    '': {},
    'node_modules/x': { ...pinned, hasInstallScript: true },
    'node_modules/x/node_modules/@a/b': { ...pinned, license: 'MPL-2.0', dev: true },
  };
  const manifest = { allowScripts: { x: false }, dependencies: { x: '1.0.0-alpha.1' }, scripts: { prepare2: '' } };
  assert.deepEqual(lockProblems(manifest, { packages }, ['MIT']), []);
});

test('nothing is bundled under terms that nobody has looked at', async (t) => {
  const { licenseText } = await packaging<Licenses>('licenses.mjs');
  const dir = await makeTempDir(t);
  const text = async (license?: string): Promise<string> => {
    await writeFile(join(dir, 'package.json'), JSON.stringify({ name: 'x', version: '1.0.0', license }));
    return licenseText([relative(projectRoot, dir)]);
  };
  assert.match(await text('ISC'), /^x 1\.0\.0 \(ISC\)$/m);
  await assert.rejects(text('GPL-3.0'), /x 1\.0\.0 is under GPL-3\.0: may it be handed on\?/);
  await assert.rejects(text(), /x 1\.0\.0 is under no licence that it states/);
});
