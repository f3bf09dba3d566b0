import { LineCounter, parseDocument } from 'yaml';
import { keySpecs, knownNames } from './keys.ts';
import { suggestion } from './names.ts';
import { readProblem } from './read-problem.ts';
import { oneLine, showName } from './redact.ts';
import type { Entry, SourceReading } from './source.ts';

/** Gives a file's text, or throws as `readFileSync(path, 'utf8')` does. */
export type ReadFile = (path: string) => string;

const specs = new Map(keySpecs.map((spec) => [spec.name, spec]));
const knownKeys = knownNames((spec) => spec.name);

/** Reads a YAML file that maps names (`max-body`) to values. An empty one says nothing. */
export function readConfigFile(path: string, readFile: ReadFile): SourceReading {
  const label = `file ${showName(path)}`;
  const failed = (problem: string): SourceReading => ({ entries: [], errors: [`${label}: ${problem}`] });

  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    return failed(`cannot be read: ${readProblem(error)}`);
  }
  const parsed = parseYaml(text);
  if (!parsed.ok) return failed(parsed.problem);
  if (parsed.value === null) return { entries: [], errors: [] };
  if (!(parsed.value instanceof Map)) return failed('must map names to values, as in port: 3210');

  const entries: Entry[] = [];
  const errors: string[] = [];
  for (const [name, raw] of parsed.value as ReadonlyMap<unknown, unknown>) {
    const spec = typeof name === 'string' ? specs.get(name) : undefined;
    if (spec !== undefined) entries.push({ key: spec.key, label: `${label}: ${spec.name}`, raw });
    else errors.push(`${label}: unknown key ${showName(String(name))}; ${suggestion(String(name), knownKeys)}`);
  }
  return { entries, errors };
}

type Yaml = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string };

function parseYaml(text: string): Yaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [first] = [...document.errors, ...document.warnings];
  if (first !== undefined) {
    const line = lines.linePos(first.pos[0]).line;
    return { ok: false, problem: `is not valid YAML, line ${line}: ${withoutExcerpt(first.message)}` };
  }
  try {
    // As maps, so that a key such as __proto__ is a key like any other.
    return { ok: true, value: document.toJS({ mapAsMap: true }) as unknown };
  } catch (error) {
    return { ok: false, problem: `is not valid YAML: ${withoutExcerpt(error instanceof Error ? error.message : '')}` };
  }
}

/** The library ends some messages with a piece of the file after a colon, which may be a password. */
function withoutExcerpt(message: string): string {
  return oneLine(message.replace(/(?<=\S): .*$/s, ''));
}
