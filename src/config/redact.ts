const MAX_SHOWN_CHARACTERS = 60;

/** Stands where a password was. */
export const HIDDEN = '***';

/**
 * Hides whatever stands before the last `@`: `redis/:pw@h:1` becomes `***@h:1`, and a password in a query. Meant for text of unknown
 * shape, so it rather hides too much.
 */
export function redactCredentials(text: string): string {
  return text.replace(/^.*@/s, `${HIDDEN}@`).replace(/(password=).*/gis, `$1${HIDDEN}`);
}

/** A value as an error line shows it: on one line, shortened, without credentials. */
export function showValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string') return JSON.stringify(shorten(redactCredentials(value)));
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  return Array.isArray(value) ? 'a list' : 'a map';
}

/** A name that somebody typed, as an error line shows it: bare where it is printable ASCII, else quoted and escaped. */
export function showName(name: string): string {
  const shown = shorten(redactCredentials(name));
  return /^[\x21-\x7e]+$/.test(shown) ? shown : JSON.stringify(shown);
}

/** Text from elsewhere (a library's message) made fit for an error line: no control characters, no credentials. */
export function oneLine(text: string): string {
  return redactCredentials(text).replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}

function shorten(text: string): string {
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}...` : text;
}
