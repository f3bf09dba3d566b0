import type { Verdict } from '../auth/standing-source.ts';
import { goodStanding, type Action, type Change, type Standing } from '../auth/standing.ts';

/** `<blocked until> <revoked before>`; what is not of that form is no standing. */
export function readStanding(text: string): Standing {
  const [, blocked, revoked] = /^(\d+) (\d+)$/.exec(text) ?? [];
  return blocked === undefined ? goodStanding : standingOf(blocked, revoked);
}

/** `<number> <kind> <blocked until> <revoked before> <uid>`. */
export function readChange(text: string): Change {
  const [, number, kind, blocked, revoked, uid = ''] = /^(\d+) (\w+) (\d+) (\d+) ([^]*)$/.exec(text) ?? [];
  if (number === undefined) throw new TypeError('a change in Redis is not readable');
  return { number: Number(number), uid, kind: kind as Action['kind'], standing: standingOf(blocked, revoked) };
}

export function readVerdict(reply: readonly unknown[]): Verdict {
  const [state, ...rest] = reply.map(String);
  if (state === 'in') return { state, replaced: rest };
  if (state === 'blocked' || state === 'revoked') return { state, standing: standingOf(rest[0], rest[1]) };
  if (state === 'full') return { state };
  throw new TypeError('the script that seats replied with something else');
}

function standingOf(blockedUntilMs: string | undefined, revokedBeforeMs: string | undefined): Standing {
  return { blockedUntilMs: Number(blockedUntilMs), revokedBeforeMs: Number(revokedBeforeMs) };
}
