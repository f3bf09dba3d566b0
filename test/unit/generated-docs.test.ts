import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

function check(folder: string): Promise<{ code: number; text: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['scripts/gen-docs.mjs', '--check'], { cwd: folder }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), text: stdout + stderr });
    });
  });
}

test('the generated documents say what the code says', async () => {
  assert.deepEqual(await check(root), { code: 0, text: '' });
});

test('a document that was edited by hand is found', async (t) => {
  const copy = await mkdtemp(join(tmpdir(), 'tidings-docs-'));
  t.after(() => rm(copy, { recursive: true }));
  for (const part of ['docs', 'scripts', 'dist', 'package.json'])
    await cp(join(root, part), join(copy, part), { recursive: true });
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  await writeFile(join(copy, 'docs/errors.md'), 'edited\n');
  const { code, text } = await check(copy);
  assert.equal(code, 1);
  assert.match(text, /docs\/errors\.md is not what the code says: npm run docs/);
});
