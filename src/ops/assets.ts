import { listPackageFiles, readPackageFile } from './package-file.ts';

/** The files below demo/, by path from the package's root: 'demo/index.html'. */
export interface Assets {
  /** The file's bytes, not to be written to, or undefined for any path that is not in `list()`. No I/O. */
  read(path: string): Uint8Array | undefined;
  list(): readonly string[];
}

/**
 * Reads all of demo/ into memory once (some tens of KB), so that a request can name only what was found at start: there is
 * no path to climb out of, and no disk to wait for. An absent folder is an empty list.
 */
export function createAssets(): Assets {
  const files = new Map(listPackageFiles('demo').map((path) => [path, readPackageFile(path)]));
  const paths = [...files.keys()];
  return {
    read: (path) => files.get(path),
    list: () => paths,
  };
}
