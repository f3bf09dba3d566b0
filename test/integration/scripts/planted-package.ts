import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Scope } from '../../support/cleanup.ts';
import { runProgram } from '../../support/run-command.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

/** The file that the planted package leaves in the project, when it is let. */
export const MARK = 'the-package-ran';

/** An archive of the package `planted`, as a registry has it: it runs a script when it is installed. */
export async function plantedArchive(scope: Scope): Promise<Buffer> {
  const dir = await makeTempDir(scope);
  await mkdir(join(dir, 'package'));
  const postinstall = `node -e "require('fs').writeFileSync(require('path').join(process.env.INIT_CWD, '${MARK}'), '')"`;
  const manifest = { name: 'planted', version: '1.0.0', scripts: { postinstall } };
  await writeFile(join(dir, 'package/package.json'), JSON.stringify(manifest));
  const packed = await runProgram('tar', ['-czf', 'planted.tgz', 'package'], { cwd: dir });
  if (packed.code !== 0) throw new Error(packed.stderr);
  return readFile(join(dir, 'planted.tgz'));
}

/** The digest under which a lock knows an archive. */
export function integrityOf(archive: Buffer): string {
  return `sha512-${createHash('sha512').update(archive).digest('base64')}`;
}

/**
 * A project of this registry that has the package `planted` locked. Its package.json lists the script as allowed, so that a
 * newer npm runs it as well. Without `npmrc`, the settings are npm's own.
 */
export async function plantedProject(
  scope: Scope,
  { registry, integrity, npmrc = '' }: { registry: string; integrity: string; npmrc?: string },
): Promise<string> {
  const dir = await makeTempDir(scope);
  const own = { name: 'project', version: '1.0.0', dependencies: { planted: '1.0.0' } };
  const planted = { version: '1.0.0', integrity, hasInstallScript: true };
  const write = (file: string, content: object): Promise<void> => writeFile(join(dir, file), JSON.stringify(content));
  await write('package.json', { ...own, allowScripts: { planted: true } });
  const packages = { '': own, 'node_modules/planted': planted };
  await write('package-lock.json', { ...own, lockfileVersion: 3, requires: true, packages });
  const settings = [`registry=${registry}`, `cache=${join(dir, 'cache')}`, 'fetch-retries=0', npmrc];
  await writeFile(join(dir, '.npmrc'), `${settings.join('\n')}\n`);
  return dir;
}
