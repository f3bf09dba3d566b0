import * as fc from 'fast-check';

/** Texts that somebody, somewhere, has tripped over. None has a line break in it. */
const traps = [
  '', ' ', '0', '-0', '1e400', 'NaN', 'null', 'true', '[]', '{}', '"', '\\', '\u0000', '\u007f', '\u00ff', '\u2028', '\ufeff', '\ud83c\udf89',
  '__proto__', 'constructor', 'toString', 'hasOwnProperty', '%', '%00', '%ff', '%u0041', '%2e%2e%2f', '../../etc/passwd', '..\\..', '*',
  ',', ',,,', 'a,b', '<img src=x onerror=alert(1)>', '${7*7}', "' OR 1=1 --", '$(id)', '{{7*7}}', '9007199254740993', '-1', '1.5',
  '00000000000000000001', 'x'.repeat(64), 'x'.repeat(65), 'x'.repeat(129), 'x'.repeat(257), 'é'.repeat(128), 'é'.repeat(129), 'undefined',
] as const; // prettier-ignore

export const trap = fc.constantFrom(...traps);

/** One character of any plane. fast-check's own unit for that takes a second to be made. */
const character = fc
  .oneof(fc.nat(0x7f), fc.nat(0x7ff), fc.nat(0xffff), fc.nat(0x10_ffff))
  .map((point) => String.fromCodePoint(point).toWellFormed());

/** Any text, mostly short. Lone surrogates are in `brokenJson`. */
export const anyText = fc.oneof(
  { weight: 3, arbitrary: trap },
  { weight: 3, arbitrary: fc.string({ maxLength: 20 }) },
  { weight: 2, arbitrary: fc.string({ unit: character, maxLength: 12 }) },
  { weight: 1, arbitrary: fc.string({ unit: character, maxLength: 150 }) },
);

export const anyJson = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 2, stringUnit: character }) },
  { weight: 2, arbitrary: trap },
  { weight: 1, arbitrary: fc.constantFrom(null, true, 0, -1, 1e308, 2 ** 53, 1.5, [], {}, [[[[]]]], { __proto__: 1 }) },
);

/** Pieces of JSON text that no encoder would write. */
const jsonPieces = [
  '\\ud800', '\\u0000', '"\\ud800"', '\ufeff', '12345678901234567890', '1E400', '-', '01', '.5', 'NaN', '/**/', ',,', '}', ']', '{', '[', ':',
  '"topic":"all",', '"msg":1,', '"__proto__":{"all":true},', '\n', '\r\n', '\t', '\u0001', '[['.repeat(200), '{"a":'.repeat(100), "'",
] as const; // prettier-ignore

/** The text of a value, with something wrong put in somewhere, or cut off. */
export function brokenJson(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(text, fc.constantFrom(...jsonPieces), fc.nat(1_000), fc.constantFrom('insert', 'replace', 'cut'))
    .map(([whole, piece, at, how]) => {
      const index = Math.floor((whole.length * at) / 1_000);
      if (how === 'cut') return whole.slice(0, index);
      return whole.slice(0, index) + piece + whole.slice(how === 'insert' ? index : index + piece.length);
    });
}

/** Any text as a part of a query or a path: percent-encoded by the book, or as it is where HTTP's own grammar allows it. */
export const encoded = fc.oneof(
  { weight: 4, arbitrary: anyText.map((text) => encodeURIComponent(text.toWellFormed())) },
  { weight: 1, arbitrary: fc.string({ maxLength: 10 }).map((text) => text.replace(/[^!-~]|[#]/g, '')) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('%', '%%', '%f', '%zz', '%C3%28', '%ED%A0%80', '%00', '+', '&', '=', '?', ';'),
  },
);
