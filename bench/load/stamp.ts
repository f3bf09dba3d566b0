/**
 * The time at which a message was posted, carried in its text as `@@T` and 16 digits: microseconds of this process's
 * monotonic clock. The generator both posts and receives, so no two clocks are compared.
 */
export const STAMP_MARK = '@@T';
export const STAMP_DIGITS = 16;
export const STAMP_PLACE = STAMP_MARK + '0'.repeat(STAMP_DIGITS);

/** Microseconds since this process began. */
export function nowMicros(): number {
  return Math.floor(performance.now() * 1000);
}

/** Writes `value` as exactly `digits` decimal digits at `offset`. */
export function writeDigits(bytes: Uint8Array, offset: number, digits: number, value: number): void {
  let rest = value;
  for (let i = offset + digits - 1; i >= offset; i--) {
    const next = Math.floor(rest / 10);
    bytes[i] = 48 + rest - next * 10;
    rest = next;
  }
}

/** The stamp within `bytes[start, end)`, or -1 when there is none. */
export function readStamp(bytes: Uint8Array, start: number, end: number): number {
  const last = end - STAMP_MARK.length - STAMP_DIGITS;
  for (let i = start; i <= last; i++) {
    if (bytes[i] !== 0x40 || bytes[i + 1] !== 0x40 || bytes[i + 2] !== 0x54) continue;
    let value = 0;
    for (let j = i + 3; j < i + 3 + STAMP_DIGITS; j++) value = value * 10 + bytes[j]! - 48;
    return value;
  }
  return -1;
}
