import { z } from 'zod';
import { maxListenTypes, maxTypeLength, maxUidBytes } from '../wire/limits.ts';

/** What a uid may be that a listener names; how long, a setting says. */
export const askedUidSchema = z
  .union([z.string(), z.number().refine(Number.isSafeInteger).transform(String)], {
    error: 'must be a string, or a whole number below 2^53',
  })
  .refine((uid) => uid !== '', { error: 'must not be empty' })
  .refine((uid) => uid.isWellFormed(), { error: 'must not contain a lone surrogate' });

/** What a uid may be that a token names. */
export const uidSchema = askedUidSchema.refine((uid) => Buffer.byteLength(uid) <= maxUidBytes, {
  error: `must be at most ${maxUidBytes} bytes`,
});

/** What an envelope's `types` may be, or `*`. A name with a comma could be sent by nobody. */
const typeName = z
  .string()
  .min(1, { error: 'must not hold an empty name' })
  .max(maxTypeLength, { error: `must be names of at most ${maxTypeLength} characters` })
  .refine((name) => !name.includes(','), { error: 'must be a list of names without commas' });

/** The types that one listener names, or is granted. */
export const typeNamesSchema = z
  .array(typeName)
  .max(maxListenTypes, { error: `must be at most ${maxListenTypes} names; * means all` });

/** The same where they may also be written as one text, with commas between them. */
export const typeListSchema = z
  .union([z.string().transform((names) => names.split(',')), z.array(z.string())], { error: 'must be a list of names' })
  .pipe(typeNamesSchema);
