import { accept, refuse, type Parsed } from './parsed.ts';
import { showValue } from './redact.ts';

/** What an allowed origin may be, as error lines and docs say it. */
export const ORIGIN_FORM =
  'an origin (https://app.example.com, or https://*.example.com for all names below one), * or null';

/**
 * Reads a comma list (flag, environment) or a list (file) of origins into the form that browsers send: lower case, no
 * default port, each once. `*` stands for any origin; `null` is what sandboxed pages and files send. A first label `*` stands for one
 * label or more, below a name of at least two: nobody means all of `com`. Apps and extensions have schemes of their own.
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
  const star = /^(https?:\/\/)\*\.(.*)$/is.exec(item);
  const plain = star === null ? item : `${star[1]}${star[2]}`;
  const match = /^(https?:\/\/[^/?#@\s*\\]+)(\/?.*)$/is.exec(plain);
  if (match === null || !URL.canParse(plain)) return isAppOrigin(item) ? accept(item) : refuse(problem + meant(item));
  const { origin, hostname } = new URL(plain);
  if (star !== null && !/^[^.]+\.[^.]+/.test(hostname)) return refuse(problem);
  const form = star === null ? origin : origin.replace('://', '://*.');
  // No browser sends a path, so one that was written would never match.
  return match[2] === '' ? accept(form) : refuse(`${problem}; write ${form}`);
}

/** What a web view or an extension sends: `capacitor://localhost`, `chrome-extension://abc`, `file://`. */
function isAppOrigin(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9._-]*(:\d+)?$/.test(text) && !/^(https?|wss?|ftp):/.test(text);
}

function meant(text: string): string {
  if (/^wss?:\/\/[a-z0-9.:-]+$/i.test(text)) return `; write ${text.replace(/^ws/i, 'http')}, the address of the page`;
  return /^\*(\.[a-z0-9-]+){2,}$/i.test(text) ? `; write https://${text}` : '';
}
