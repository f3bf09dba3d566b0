import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { keySpecs } from '../../src/config/keys.ts';
import { createCounters } from '../../src/ops/counters.ts';
import { errorCatalogue } from '../../src/wire/errors.ts';
import { projectRoot } from '../support/project.ts';
import { checkThreatModel, type Known } from '../support/threat-model.ts';

const page = readFileSync(join(projectRoot, 'SECURITY.md'), 'utf8');

const known: Known = {
  fileText(path) {
    const file = join(projectRoot, path);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  },
  settings: keySpecs.map(({ name }) => name),
  mustNames: keySpecs
    .filter(({ name, group }) => name.startsWith('max-') || ['Access', 'TLS'].includes(group))
    .map(({ name }) => name),
  errorCodes: Object.keys(errorCatalogue),
  counters: Object.keys(createCounters()),
};

test('the threat model names tests, settings, errors and counters that there are, and every limit', () => {
  const { problems, rows, tests } = checkThreatModel(page, known);
  assert.deepEqual(problems, []);
  // That there was something to look at.
  assert.ok(rows >= 30 && tests >= 30, `${rows} rows, ${tests} tests`);
  assert.ok(known.mustNames.length >= 25);
});

for (const [what, from, to, says] of [
  ['a test that is not there', 'test/unit/tokens.test.ts', 'test/unit/tokenz.test.ts', /there is no test .*tokenz/],
  ['a file that is no test', 'test/unit/audit.test.ts', 'test/support/project.ts', /there is no test test\/support/],
  ['a row without a test', '[supply-chain](test/unit/supply-chain.test.ts)', 'it is hoped', /names no test/],
  ['an empty cell', '| 413 `body_too_large` |', '| |', /--max-body.*: an empty cell/],
  ['a column too many', '| 413 `body_too_large` |', '| 413 | `body_too_large` |', /5 columns/],
  ['a setting that is not there', '--trust-proxy', '--trust-proxies', /there is no setting --trust-proxies/],
  ['a limit that is left out', '`--max-uid`', 'long uids', /--max-uid is not named/],
  ['an error that is not there', '`headers_too_large`', '`header_too_large`', /there is no error header_too_large/],
  ['a counter that is not there', '`overUid`', '`overUids`', /there is no counter overUids/],
  ['a page that is not there', '(docs/security.md)', '(docs/safety.md)', /there is no docs\/safety\.md/],
] as const) {
  test(`a breach is seen: ${what}`, () => {
    assert.ok(page.includes(from), from);
    const { problems } = checkThreatModel(page.replaceAll(from, to), known);
    assert.match(problems.join('\n'), says);
  });
}

test('a breach is seen: a file of tests that has none', () => {
  const fileText = (path: string) => (path.endsWith('audit.test.ts') ? 'export {};' : known.fileText(path));
  assert.match(checkThreatModel(page, { ...known, fileText }).problems.join('\n'), /nothing is tested in .*audit/);
});
