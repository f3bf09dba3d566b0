import assert from 'node:assert/strict';
import { cp, mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { callScript } from '../../support/call-script.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

const LOCKED = {
  '': { name: 'planted' },
  'node_modules/run': { version: '1.0.0', integrity: 'sha512-run' },
  'node_modules/build': { version: '2.0.0', integrity: 'sha512-build', dev: true },
  'node_modules/elsewhere': { version: '3.0.0', integrity: 'sha512-else', optional: true },
};
type Packages = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A project folder with this lock and these packages installed. */
async function project(t: TestContext, installed: Packages): Promise<string> {
  const dir = await makeTempDir(t);
  await write(dir, 'package-lock.json', JSON.stringify({ packages: LOCKED }));
  await write(dir, 'node_modules/.package-lock.json', JSON.stringify({ packages: installed }));
  for (const path of Object.keys(installed)) await write(dir, `${path}/package.json`, '{}');
  return dir;
}

async function write(dir: string, file: string, content: string): Promise<void> {
  await mkdir(dirname(join(dir, file)), { recursive: true });
  await writeFile(join(dir, file), content);
}

function missing(dir: string, dev: boolean): Promise<unknown> {
  return callScript('dependencies.mjs', `script.missingDependency(${JSON.stringify({ dir, dev })}) ?? null`);
}

const { 'node_modules/run': run, 'node_modules/build': build } = LOCKED;
const ALL = { 'node_modules/run': run, 'node_modules/build': build };

test('what is installed is held against package-lock.json', async (t) => {
  const complete = await project(t, ALL);
  assert.equal(await missing(complete, true), null, 'an optional package may be absent');

  const production = await project(t, { 'node_modules/run': run });
  assert.equal(await missing(production, false), null, 'the server runs without development packages');
  assert.match(String(await missing(production, true)), /node_modules\/build/);

  const older = await project(t, { ...ALL, 'node_modules/run': { ...run, version: '0.9.0' } });
  assert.match(String(await missing(older, true)), /node_modules\/run is not as locked/);
  const other = await project(t, { ...ALL, 'node_modules/run': { ...run, integrity: 'sha512-other' } });
  assert.match(String(await missing(other, true)), /node_modules\/run is not as locked/);
  const more = await project(t, { ...ALL, 'node_modules/more': { version: '1.0.0' } });
  assert.match(String(await missing(more, true)), /node_modules\/more is not in/);

  await rm(join(complete, 'node_modules/run'), { recursive: true });
  assert.match(String(await missing(complete, true)), /node_modules\/run is missing/);
  await rm(join(complete, 'node_modules/.package-lock.json'));
  assert.match(String(await missing(complete, true)), /missing or incomplete/);
});

test('a build is fresh as long as what went into it is the same, whatever its times say', async (t) => {
  const dir = await makeTempDir(t);
  await write(dir, 'tsconfig.json', '{}');
  await write(dir, 'src/main.ts', 'one');
  const target = `{ out: 'dist', project: 'tsconfig.json', sources: ['src'], inputs: ['tsconfig.json'], entry: 'main.js' }`;
  const isFresh = (where: string): Promise<unknown> =>
    callScript('compile.mjs', `script.isFresh(${target}, ${JSON.stringify(where)})`);
  const build = async (): Promise<void> => {
    await write(dir, 'dist/main.js', '');
    await write(
      dir,
      'dist/.inputs',
      String(await callScript('compile.mjs', `script.fingerprint(${target}, ${JSON.stringify(dir)})`)),
    );
  };
  assert.equal(await isFresh(dir), false, 'nothing is built');
  await build();
  assert.equal(await isFresh(dir), true);
  const later = new Date(Date.now() + 3_600_000);
  await utimes(join(dir, 'src/main.ts'), later, later);
  assert.equal(await isFresh(dir), true, 'touched');

  for (const [what, change] of [
    ['changed', () => write(dir, 'src/main.ts', 'two')],
    ['added', () => write(dir, 'src/hub/new.ts', '')],
    ['settings changed', () => write(dir, 'tsconfig.json', '{ }')],
    ['renamed', () => cp(join(dir, 'src/hub'), join(dir, 'src/bub'), { recursive: true })],
    ['removed', () => rm(join(dir, 'src/bub'), { recursive: true })],
  ] as const) {
    await build();
    await change();
    assert.equal(await isFresh(dir), false, what);
  }
  await rm(join(dir, 'src'), { recursive: true });
  assert.equal(await isFresh(dir), true, 'shipped without sources');
  await rm(join(dir, 'dist/main.js'));
  assert.equal(await isFresh(dir), false, 'shipped without the server');
});

test('two preparations of one folder wait for each other', async () => {
  const order = await callScript(
    'one-at-a-time.mjs',
    `(async () => {
      const seen = [];
      const work = (name) => script.oneAtATime(async () => {
        seen.push('begin');
        await new Promise((resolve) => setImmediate(resolve));
        seen.push('end');
      });
      await Promise.all([work('a'), work('b'), work('c')]);
      return seen;
    })()`,
  );
  assert.deepEqual(order, ['begin', 'end', 'begin', 'end', 'begin', 'end']);
});
