import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from './project.ts';
import { runProgram } from './run-command.ts';

/**
 * Evaluates `expression` in a process of its own with the exports of `scripts/<name>` at hand, and gives what it resolves
 * to, as JSON carries it. The scripts are JavaScript: they run before anything is compiled.
 */
export async function callScript(name: string, expression: string): Promise<unknown> {
  const url = pathToFileURL(join(projectRoot, 'scripts', name)).href;
  const code = `import * as script from ${JSON.stringify(url)};
    process.stdout.write(JSON.stringify({ value: await (${expression}) }));`;
  const { code: exit, stdout, stderr } = await runProgram(process.execPath, ['--input-type=module', '-e', code]);
  assert.equal(exit, 0, stderr);
  return (JSON.parse(stdout) as { value?: unknown }).value;
}
