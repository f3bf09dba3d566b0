import { parseArgs } from 'node:util';
import type { HaOrder } from './run.ts';
import { haNames, type HaName } from './scenarios.ts';

export const HA_USAGE =
  'npm run chaos -- --ha[=kill-primary,storm] [--workers=2] [--short] [--out=test/ha/results]; --ha --render: docs/ha.md anew from the newest results';

/** What a command line with `--ha` asks for; undefined: it is not one. 'render': nothing is to be played. Throws with a message for the user. */
export function parseHaOptions(argv: readonly string[]): HaOrder | 'render' | undefined {
  if (!argv.some((arg) => arg === '--ha' || arg.startsWith('--ha='))) return undefined;
  const { values } = parseArgs({
    // `--ha` alone is all of them: parseArgs knows no option whose value may be left out.
    args: argv.map((arg) => (arg === '--ha' ? `--ha=${haNames.join(',')}` : arg)),
    options: {
      ha: { type: 'string', default: '' },
      short: { type: 'boolean', default: false },
      workers: { type: 'string', default: '1' },
      render: { type: 'boolean', default: false },
      out: { type: 'string' },
    },
  });
  if (values.render) return 'render';
  // A short run measures nothing that is worth keeping.
  const outDir = values.out ?? (values.short ? 'artifacts/ha' : 'test/ha/results');
  return {
    names: values.ha.split(',').map(haName),
    isFull: !values.short,
    workers: workerCount(values.workers),
    outDir,
    isForDocs: values.out === undefined,
  };
}

function workerCount(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new Error(`--workers=${text}: how many workers each instance has, 1 to 99`);
  return Number(text);
}

function haName(text: string): HaName {
  const found = haNames.find((name) => name === text);
  if (found === undefined) throw new Error(`no scenario "${text}"; there are: ${haNames.join(', ')}`);
  return found;
}
