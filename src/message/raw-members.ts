const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/**
 * Finds the text of one member of a JSON object, as it was written: a parsed and re-serialised value would lose
 * 12345678901234567890 and 1.0. O(length). `json` must be valid JSON (JSON.parse has taken it) with an object at
 * `start`; of a repeated name the last one counts, as JSON.parse has it. Undefined when there is no such member.
 */
export function rawMember(json: string, name: string, start = 0): string | undefined {
  let at = skipSpace(json, start) + 1;
  let found: string | undefined;
  for (;;) {
    at = skipSpace(json, at);
    if (json.charCodeAt(at) === closeBrace) return found;
    const keyEnd = endOfString(json, at);
    const isWanted = sameKey(json, at, keyEnd, name);
    at = skipSpace(json, keyEnd);
    if (json.charCodeAt(at) !== colon) throw new SyntaxError(`no colon at ${at}`);
    at = skipSpace(json, at + 1);
    const valueEnd = endOfValue(json, at);
    if (isWanted) found = json.slice(at, valueEnd);
    at = skipSpace(json, valueEnd);
    if (json.charCodeAt(at) === comma) at += 1;
  }
}

/** The texts of the items of a JSON array, as they were written. O(length). `json` must be valid JSON. */
export function rawItems(json: string): string[] {
  const items: string[] = [];
  let at = skipSpace(json, 0) + 1;
  for (;;) {
    at = skipSpace(json, at);
    if (json.charCodeAt(at) === closeBracket) return items;
    const end = endOfValue(json, at);
    items.push(json.slice(at, end));
    at = skipSpace(json, end);
    if (json.charCodeAt(at) === comma) at += 1;
  }
}

function sameKey(json: string, start: number, end: number, name: string): boolean {
  if (end - start === name.length + 2 && json.startsWith(name, start + 1)) return true;
  const key = json.slice(start, end);
  return key.includes('\\') && JSON.parse(key) === name;
}

/** The index after the string that starts at `start`. */
function endOfString(json: string, start: number): number {
  let at = start;
  for (;;) {
    at = json.indexOf('"', at + 1);
    if (at < 0) throw new SyntaxError('a string has no end');
    let first = at;
    while (json.charCodeAt(first - 1) === backslash) first -= 1;
    if ((at - first) % 2 === 0) return at + 1;
  }
}

/** The index after the value that starts at `start`. Not recursive: depth costs no stack. */
function endOfValue(json: string, start: number): number {
  let at = start;
  let depth = 0;
  for (;;) {
    const char = json.charCodeAt(at);
    if (char === quote) {
      at = endOfString(json, at);
    } else if (char === openBrace || char === openBracket) {
      depth += 1;
      at += 1;
    } else if (char === closeBrace || char === closeBracket) {
      depth -= 1;
      at += 1;
    } else if (depth === 0) {
      return endOfScalar(json, at);
    } else {
      at += 1;
    }
    if (depth === 0) return at;
    if (at >= json.length) throw new SyntaxError('a value has no end');
  }
}

/** The index after the number, true, false or null that starts at `start`. */
function endOfScalar(json: string, start: number): number {
  let at = start;
  while (at < json.length) {
    const char = json.charCodeAt(at);
    if (char === comma || char === closeBrace || char === closeBracket || isSpace(char)) return at;
    at += 1;
  }
  return at;
}

function skipSpace(json: string, start: number): number {
  let at = start;
  while (isSpace(json.charCodeAt(at))) at += 1;
  return at;
}

function isSpace(char: number): boolean {
  return char === 0x20 || char === 0x0a || char === 0x0d || char === 0x09;
}
