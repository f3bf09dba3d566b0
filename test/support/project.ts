import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root folder; compiled tests run in build/test/. */
export const projectRoot = fileURLToPath(new URL('../../..', import.meta.url));

/** The server as `npm start` runs it. */
export const serverEntry = join(projectRoot, 'dist/main.js');

/** The path of a file that outlives the run, in a folder that exists: screenshots, logs. Not committed. */
export function artifactPath(name: string): string {
  const path = join(projectRoot, 'artifacts', name);
  mkdirSync(dirname(path), { recursive: true });
  return path;
}
