const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const UNIT_BYTES = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 } as const;

const DURATION = /^(\d{1,12}) ?(ms|s|m|h)$/;
const BYTES = /^(\d{1,15}) ?(?:([kmg])(?:i?b)?|b)?$/i;

/**
 * `500ms`, `20s`, `2m`, `1h` or a bare `0`, in milliseconds; undefined for anything else. A bare number has no meaning:
 * one reader takes it for seconds and the next for milliseconds.
 */
export function parseDurationMs(text: string): number | undefined {
  if (text === '0') return 0;
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
}

/**
 * `1048576`, `64k`, `64kb`, `64KiB`, `1MiB`, `2g`, in bytes; undefined for anything else. Every prefix is a power of
 * 1024, whether or not an i is written, as in nginx and in redis.conf's `kb`.
 */
export function parseBytes(text: string): number | undefined {
  const match = BYTES.exec(text);
  if (match === null) return undefined;
  const unit = (match[2]?.toLowerCase() ?? 'b') as keyof typeof UNIT_BYTES;
  const bytes = Number(match[1]) * UNIT_BYTES[unit];
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The shortest exact spelling: 90000 is `90s`, 3600000 is `1h`. `parseDurationMs` reads it back. */
export function formatDurationMs(durationMs: number): string {
  if (durationMs === 0) return '0s';
  const unit = (['h', 'm', 's'] as const).find((candidate) => durationMs % UNIT_MS[candidate] === 0) ?? 'ms';
  return `${durationMs / UNIT_MS[unit]}${unit}`;
}

/** The shortest exact spelling: 1048576 is `1MiB`, 1000 is `1000`. `parseBytes` reads it back. */
export function formatBytes(bytes: number): string {
  const unit = (['g', 'm', 'k'] as const).find((candidate) => bytes > 0 && bytes % UNIT_BYTES[candidate] === 0);
  return unit === undefined ? String(bytes) : `${bytes / UNIT_BYTES[unit]}${unit.toUpperCase()}iB`;
}
