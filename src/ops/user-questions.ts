import { z } from 'zod';
import type { Change } from '../auth/standing.ts';
import type { Question } from '../cluster/peers.ts';

const count = z.number().int().nonnegative();
const instantMs = z.number().int().nonnegative();

const standing = z.object({ blockedUntilMs: instantMs, revokedBeforeMs: instantMs });
const change = z.object({
  number: z.number(),
  uid: z.string(),
  kind: z.enum(['disconnect', 'block', 'unblock', 'revoke', 'unrevoke']),
  standing,
});
const closed = z.object({ closed: count });
const seats = z.object({ seats: z.array(z.string()) });

/** Tells an instance of a change, which carries it out on its connections. The answer: how many it has closed. */
export const changeQuestion: Question<Change, z.infer<typeof closed>> = {
  name: 'standing.changed',
  about: change,
  answer: closed,
};

/** Tells an instance that seats were given away, among them perhaps seats of its own. */
export const replacedQuestion: Question<z.infer<typeof seats>, z.infer<typeof closed>> = {
  name: 'standing.replaced',
  about: seats,
  answer: closed,
};

const user = z.object({ uid: z.string() });
const connections = z.object({ connections: count });

/** How many open connections of a uid an instance has. */
export const userQuestion: Question<z.infer<typeof user>, z.infer<typeof connections>> = {
  name: 'user',
  about: user,
  answer: connections,
};
