import type { Chance } from './seeded.ts';

/** Characters that a scanner of JSON text may trip over, and some that it may not. */
// prettier-ignore
const textParts = [
  'a', 'msg', ' ', ',', ':', '{', '}', '[', ']', 'é', '漢', '🎉', '\u2028', '\u007f', '\\"', '\\\\', '\\/', '\\b', '\\n', '\\t',
  '\\u0041', '\\u0022', '\\u005c', '\\ud83c\\udf89', '\\ud800', '\\\\\\"', '//', "'", '1e5', 'null', '#',
];

const numbers = ['0', '-0', '1.0', '1e5', '-1.5E-7', '12345678901234567890', '0.1', '1E400', '9007199254740993'];
const spaces = ['', '', '', ' ', '\n', '\r\n', '\t', '  \n '];

/** Text of a random JSON value, with space, escapes, repeated names and nesting where JSON allows them. */
export function randomJson(chance: Chance, depth = 4): string {
  const kind = chance.below(depth > 0 ? 8 : 5);
  if (kind === 0) return chance.pick(numbers);
  if (kind === 1) return chance.pick(['true', 'false', 'null']);
  if (kind <= 4) return randomString(chance);
  const count = chance.below(5);
  if (kind <= 6)
    return randomObject(
      chance,
      Array.from({ length: count }, () => randomString(chance)),
      depth - 1,
    );
  return randomArray(
    chance,
    Array.from({ length: count }, () => randomJson(chance, depth - 1)),
  );
}

/** An object with these keys (as JSON strings) in this order, each with a random value. */
export function randomObject(chance: Chance, keys: readonly string[], depth = 3): string {
  const space = (): string => chance.pick(spaces);
  const members = keys.map((key) => `${space()}${key}${space()}:${space()}${randomJson(chance, depth)}${space()}`);
  return `{${members.length === 0 ? space() : members.join(',')}}`;
}

/** An array of these texts, with space around them. */
export function randomArray(chance: Chance, items: readonly string[]): string {
  const space = (): string => chance.pick(spaces);
  return `[${items.length === 0 ? space() : items.map((item) => `${space()}${item}${space()}`).join(',')}]`;
}

export function randomString(chance: Chance): string {
  return `"${Array.from({ length: chance.below(6) }, () => chance.pick(textParts)).join('')}"`;
}
