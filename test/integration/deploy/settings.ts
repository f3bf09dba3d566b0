import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';
import { projectRoot } from '../../support/project.ts';
import { readDockerfile } from './dockerfile.ts';

export const dockerfile = readDockerfile(readFileSync(join(projectRoot, 'deploy/Dockerfile'), 'utf8'));

/** What the image itself sets. */
export function imageEnvironment(): Readonly<Record<string, string>> {
  const lines = (dockerfile.stages.at(-1)?.instructions ?? []).filter(({ name }) => name === 'ENV');
  const pairs = lines.flatMap(({ rest }) => rest.split(/\s+/));
  return Object.fromEntries(pairs.map((pair) => pair.split('=') as [string, string]));
}

/** The settings that an environment gives; fails when the server would not start with it. */
export function configOf(env: Readonly<Record<string, string>>): Config {
  const loaded = loadConfig({ argv: ['serve'], env, readFile: () => assert.fail('no file is named') });
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return loaded.config;
}

/** A stop that is cut short closes what is left of the sockets at once: `limit`, as in '60s', leaves room for all of it. */
export function assertTimeToDrain(limit: string | undefined, config: Config): void {
  const limitMs = Number(/^(\d+)s$/.exec(limit ?? '')?.[1]) * 1000;
  assert.ok(limitMs >= 2 * config.drainMs, `${limit} for a drain of ${config.drainMs} ms and what follows it`);
}
