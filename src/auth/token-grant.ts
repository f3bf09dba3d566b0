import { z } from 'zod';
import { everyType } from '../wire/frames.ts';
import { typeListSchema, uidSchema } from './listen-schema.ts';
import type { Authenticated } from './listener-auth.ts';

/** From here up it is milliseconds that somebody wrote, whose tokens would never expire. */
const mostSeconds = 1e12;

const seconds = z
  .number({ error: 'must be a number of seconds since 1970' })
  .min(0, { error: 'must not be before 1970' })
  .lt(mostSeconds, { error: 'must be a number of seconds since 1970, not of milliseconds' });

/** The claims that mean something here. Others are ignored. */
const claimsSchema = z.object({
  sub: uidSchema,
  types: typeListSchema
    .refine((names) => names.length > 0, { error: 'must hold a name; leave it out for all' })
    .optional(),
  exp: seconds.optional(),
  iat: seconds.optional(),
  max_connections: z
    .number({ error: 'must be a number' })
    .refine((count) => Number.isSafeInteger(count) && count >= 1, { error: 'must be a whole number from 1' })
    .optional(),
});

/**
 * What the claims of a token, which has been verified, grant. It ends when no instance would take it any more, the leeway included.
 * One that says it was issued later than now is refused: it would outlive a revocation.
 */
export function readGrant(claims: unknown, nowMs: number, leewayMs: number): Authenticated {
  if (typeof claims === 'object' && claims !== null && !('sub' in claims))
    return refused('has no claim "sub": the uid');
  const read = claimsSchema.safeParse(claims);
  if (!read.success) {
    const [issue] = read.error.issues;
    return refused(`has a claim "${String(issue?.path[0] ?? '')}" that ${issue?.message ?? 'cannot be read'}`);
  }
  const { sub, types, exp, iat, max_connections: maxConnections = null } = read.data;
  const issuedAtMs = (iat ?? 0) * 1000;
  if (issuedAtMs > nowMs + leewayMs) return refused('was issued in the future (iat)');
  return {
    ok: true,
    grant: {
      uid: sub,
      types: types === undefined || types.includes(everyType) ? null : types,
      expiresAtMs: exp === undefined ? 0 : exp * 1000 + leewayMs,
      issuedAtMs: Math.min(issuedAtMs, nowMs),
      maxConnections,
    },
  };
}

function refused(what: string): Authenticated {
  return { ok: false, code: 'unauthenticated', message: `The token ${what}.` };
}
