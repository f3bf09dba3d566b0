/** Fills the buffer with random bytes. */
export type FillRandom = (bytes: Uint8Array) => void;

const poolUuids = 256;
const randomBytesPerUuid = 10;
const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/**
 * Makes UUIDv7 ids (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then random. Random bytes are drawn for 256 ids
 * at a time, since a draw costs more than an id.
 */
export function createIdSource(now: () => number, fillRandom: FillRandom): () => string {
  const pool = new Uint8Array(poolUuids * randomBytesPerUuid);
  let next = pool.length;
  let prefixMs = -1;
  let prefix = '';
  const at = (index: number): number => pool[index] ?? 0;
  return () => {
    if (next >= pool.length) {
      fillRandom(pool);
      next = 0;
    }
    const timeMs = now();
    if (timeMs !== prefixMs) {
      prefixMs = timeMs;
      prefix = `${hexOf(Math.floor(timeMs / 0x1_0000), 8)}-${hexOf(timeMs % 0x1_0000, 4)}-`;
    }
    const from = next;
    next += randomBytesPerUuid;
    const version = hex[0x70 | (at(from) & 0x0f)];
    const variant = hex[0x80 | (at(from + 2) & 0x3f)];
    return (
      `${prefix}${version}${hex[at(from + 1)]}-${variant}${hex[at(from + 3)]}-` +
      `${hex[at(from + 4)]}${hex[at(from + 5)]}${hex[at(from + 6)]}${hex[at(from + 7)]}${hex[at(from + 8)]}${hex[at(from + 9)]}`
    );
  };
}

function hexOf(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
