import { z } from 'zod';
import type { Question } from '../cluster/peers.ts';

/** By which a supervisor tells its workers whether the primary is well: at every change, and when one of them has become ready. */
export const primaryQuestion: Question<boolean, boolean> = { name: 'primary', about: z.boolean(), answer: z.boolean() };
