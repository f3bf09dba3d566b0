import { DAY_MS, HOUR_MS, SECOND_MS } from './amounts.ts';
import type { CommandOptions } from './command-line.ts';
import { accept, refuse, type Parsed } from './parsed.ts';
import { showValue } from './redact.ts';
import { formatDurationMs, parseDurationMs } from './units.ts';

/** What `tidings token` is asked for. */
export interface TokenOrder {
  readonly uid: string;
  /** Undefined: all. */
  readonly types: string | undefined;
  readonly ttlMs: number;
}

const leastMs = SECOND_MS;
const mostMs = 366 * DAY_MS;

/** Reads `--uid --types --ttl`. What a uid and a type may be is not looked at here. */
export function readTokenOrder({ uid, types, ttl }: CommandOptions): Parsed<TokenOrder> {
  if (uid === undefined) return refuse('needs the user whom it is for: tidings token --uid=1');
  const ttlMs = ttl === undefined ? HOUR_MS : parseDurationMs(ttl.trim());
  if (ttlMs === undefined || ttlMs < leastMs || ttlMs > mostMs) {
    const limits = `from ${formatDurationMs(leastMs)} to ${formatDurationMs(mostMs)}`;
    return refuse(`flag --ttl: must be a time ${limits} with its unit (90s, 20m, 1h), not ${showValue(ttl)}`);
  }
  return accept({ uid, types, ttlMs });
}
