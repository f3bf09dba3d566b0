import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { getAsset, isSea } from 'node:sea';
import { fileURLToPath } from 'node:url';

/** Inside a single executable, the asset that names all others: a JSON array of paths. */
const INDEX = 'index.json';

/**
 * A file that ships with the server, by its path from the package's root ('package.json', 'demo/index.html'): out of the
 * single executable when this process is one, otherwise from disk. Synchronous: for start-up only. Throws ENOENT, or
 * what node:sea throws, when there is no such file.
 */
export function readPackageFile(path: string): Uint8Array {
  return isSea() ? new Uint8Array(getAsset(path)) : readFileSync(join(packageRoot(), path));
}

/** The paths of all files below a folder of the package, sorted, with '/' on every platform; none if it is not there. */
export function listPackageFiles(folder: string): readonly string[] {
  if (isSea()) {
    const all = JSON.parse(getAsset(INDEX, 'utf8')) as readonly string[];
    return all.filter((path) => path.startsWith(`${folder}/`));
  }
  const root = join(packageRoot(), folder);
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(folder, entry.parentPath.slice(root.length), entry.name).replaceAll('\\', '/'))
    .sort();
}

/** The nearest folder above this file that has a package.json: compiled output lies at different depths below it. */
function packageRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder))
      throw new Error('there is no package.json above the server: its files were moved apart');
  }
}
