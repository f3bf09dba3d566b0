import { accept, refuse, type Parsed } from './parsed.ts';
import { showValue } from './redact.ts';

/** What an allowed origin may be, as error lines and docs say it. */
export const ORIGIN_FORM = 'an origin (https://app.example.com), * or null';

/**
 * Reads a comma list (flag, environment) or a list (file) of origins into the form that browsers send: lower case, no
 * default port, each once. `*` stands for any origin; `null` is what sandboxed pages and files send.
 */
export function parseOrigins(raw: unknown): Parsed<readonly string[]> {
  const items: readonly unknown[] | undefined = typeof raw === 'string' ? splitList(raw) : listItems(raw);
  if (items === undefined) return refuse(`must be a list of items that are each ${ORIGIN_FORM}, not ${showValue(raw)}`);
  const origins = new Set<string>();
  for (const item of items) {
    const origin = parseOrigin(item);
    if (!origin.ok) return origin;
    origins.add(origin.value);
  }
  return accept([...origins]);
}

function splitList(text: string): readonly string[] {
  return text.trim() === '' ? [] : text.split(',').map((item) => item.trim());
}

function listItems(raw: unknown): readonly unknown[] | undefined {
  return Array.isArray(raw) ? raw : undefined;
}

function parseOrigin(item: unknown): Parsed<string> {
  // A bare null in a YAML list is the value null, where the origin of that name was meant.
  if (item === null || item === 'null') return accept('null');
  if (item === '*') return accept('*');
  const problem = `must hold only origins: ${showValue(item)} is not ${ORIGIN_FORM}`;
  if (typeof item !== 'string') return refuse(problem);
  const match = /^(https?:\/\/[^/?#@\s*\\]+)(\/?.*)$/is.exec(item);
  if (match === null || !URL.canParse(item)) return refuse(problem);
  const { origin } = new URL(item);
  // No browser sends a path, so one that was written would never match.
  return match[2] === '' ? accept(origin) : refuse(`${problem}; write ${origin}`);
}
