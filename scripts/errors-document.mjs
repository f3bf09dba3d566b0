import { STATUS_CODES } from 'node:http';
import { errorCatalogue } from '../dist/wire/errors.js';

/** docs/errors.md, from the catalogue that the server answers from. */
export function errorsDocument() {
  const rows = Object.entries(errorCatalogue).map(
    ([code, { status, retryable, meaning }]) =>
      `| \`${code}\` | ${status} ${STATUS_CODES[status]} | ${retryable ? 'yes' : 'no'} | ${meaning} |`,
  );
  return `# Errors

<!-- Made from src/wire/errors.ts by "npm run docs". -->

Every error is \`{"error":{"code","message","details"}}\`. Branch on \`code\`: it is never reused and never renamed. \`message\` is for the
person who reads it and may change. \`details\` stands where several things can be wrong at once: \`path\` names the member, \`index\` the
item of a batch.

"Again" says whether the same request may succeed later; \`Retry-After\` then says when.

| code | status | again | meaning |
|---|---|---|---|
${rows.join('\n')}
`;
}
