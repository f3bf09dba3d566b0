import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from './project.ts';

/** A module of scripts/packaging/, which is JavaScript without declarations: `T` says what the test takes it for. */
export async function packaging<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(join(projectRoot, 'scripts/packaging', name)).href)) as T;
}
