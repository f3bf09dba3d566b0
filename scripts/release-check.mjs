// `npm run release-check`: exits 0 only when every answer is yes. What could not be asked is a no.

import './require-node.mjs';
import { Failure } from './project.mjs';
import { knownVulnerabilities, unfinished } from './release-state.mjs';

function check(name, find) {
  let problems;
  try {
    problems = find();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    problems = [error.message];
  }
  console.log(`${problems.length === 0 ? '✔' : '✖'} ${name}`);
  for (const problem of problems) console.log(`    ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
}

check('no known vulnerability in a locked package (npm audit)', knownVulnerabilities);
check('version, change log and work tree', unfinished);
