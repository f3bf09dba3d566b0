// A reporter for node:test that writes one JSON line per finished test, for test-file.mjs to read. Each line stands
// alone, so that a run which is killed half way still tells what it had done.

import { inspect } from 'node:util';

export default async function* report(events) {
  for await (const { type, data } of events) {
    if (type === 'test:pass' || type === 'test:fail') {
      if (data.details.type === 'suite' && type === 'test:pass') continue;
      yield line({
        kind: 'test',
        name: data.name,
        nesting: data.nesting,
        suite: data.details.type === 'suite',
        ok: type === 'test:pass',
        skipped: data.skip !== undefined || data.todo !== undefined,
        durationMs: data.details.duration_ms,
        error: type === 'test:fail' ? reasonOf(data.details.error) : undefined,
      });
    } else if (type === 'test:diagnostic' && data.nesting === 0) {
      // The last diagnostics are the totals: their presence says that the file came to its end.
      yield line({ kind: /^tests \d+$/.test(data.message) ? 'end' : 'note', message: data.message });
    }
  }
}

function line(record) {
  return `${JSON.stringify(record)}\n`;
}

// A parent fails because a child did: the child has told why.
function reasonOf(error) {
  if (error?.failureType === 'subtestsFailed') return undefined;
  return inspect(error?.cause ?? error, { depth: 6, breakLength: 120 });
}
