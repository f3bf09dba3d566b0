import type { Refused } from './listener-auth.ts';
import { forGoodMs, type Standing } from './standing.ts';

/** How long somebody is asked to wait whose uid has all the connections that it may have. */
const fullRetrySeconds = 5;

export function blockedRefusal({ blockedUntilMs }: Standing): Refused {
  const until = blockedUntilMs >= forGoodMs ? '' : ` until ${new Date(blockedUntilMs).toISOString()}`;
  return { ok: false, code: 'uid_blocked', message: `An operator has blocked this uid${until}.` };
}

export function revokedRefusal({ revokedBeforeMs }: Standing): Refused {
  const message = `What was issued before ${new Date(revokedBeforeMs).toISOString()} is revoked: come with a new one.`;
  return { ok: false, code: 'token_revoked', message };
}

export function fullRefusal(limit: number): Refused {
  const message = `This uid may have ${limit} open connections, and has them.`;
  return { ok: false, code: 'uid_connections_exceeded', message, retryAfterSeconds: fullRetrySeconds };
}
