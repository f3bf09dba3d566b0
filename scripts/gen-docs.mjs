// Writes the documents that are derived from code. Needs a build: it reads dist/. With --check it writes nothing and
// exits 1 if a document is not what the code says.
import { readFileSync, writeFileSync } from 'node:fs';
import { configDocument } from '../dist/config/document.js';
import { errorsDocument } from './errors-document.mjs';

const documents = [
  { path: 'docs/config.md', text: configDocument },
  { path: 'docs/errors.md', text: errorsDocument },
];

const check = process.argv.includes('--check');
for (const { path, text } of documents) {
  const url = new URL(`../${path}`, import.meta.url);
  if (!check) {
    writeFileSync(url, text());
    console.log(`wrote ${path}`);
  } else if (readOrEmpty(url) !== text()) {
    console.error(`${path} is not what the code says: npm run docs`);
    process.exitCode = 1;
  }
}

function readOrEmpty(url) {
  try {
    return readFileSync(url, 'utf8');
  } catch {
    return '';
  }
}
