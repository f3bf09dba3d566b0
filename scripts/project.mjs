// Where the project is, and how a script speaks to whoever runs it.

import { fileURLToPath } from 'node:url';

/** The project's root folder, whatever the current directory is. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** A failure that is told in its own words, without a stack trace. */
export class Failure extends Error {}

/** Progress goes to stderr: stdout belongs to what runs afterwards. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

export function seconds(sinceMs) {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}
