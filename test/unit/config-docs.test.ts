import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { configDocument } from '../../src/config/document.ts';

test('docs/config.md is what the schema says (if not: npm run docs)', () => {
  assert.equal(readFileSync('docs/config.md', 'utf8'), configDocument());
});
