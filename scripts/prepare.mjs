// Makes the server startable: installs what package-lock.json says and builds dist/, each only if needed. Needs Node and
// npm and nothing else; silent and quick when there is nothing to do. --force builds in any case.

import './require-node.mjs';
import { compile, isFresh, server } from './compile.mjs';
import { installDependencies, missingDependency } from './dependencies.mjs';
import { oneAtATime } from './one-at-a-time.mjs';
import { Failure } from './project.mjs';

const force = process.argv.includes('--force');

// A production install has no compiler, and needs none as long as its dist/ is up to date.
function isReady() {
  return !force && isFresh(server) && missingDependency({ dev: false }) === undefined;
}

function prepare() {
  if (isReady()) return;
  const missing = missingDependency({ dev: true });
  if (missing !== undefined) installDependencies(missing);
  if (force || !isFresh(server)) compile(server);
}

try {
  if (!isReady()) await oneAtATime(prepare);
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
