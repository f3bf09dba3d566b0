import { z } from 'zod';
import { formatInstant, keyMembers, parseKeys, type NamedKey } from './key-list.ts';
import type { Parsed } from './parsed.ts';

export const adminRoles = ['read', 'write'] as const;

/** What an operator may use the admin listener with. */
export interface AdminKey extends NamedKey {
  readonly hash: string;
  /** `read`: may look at everything. `write`: may change it as well. */
  readonly role: (typeof adminRoles)[number];
}

const schema = z
  .strictObject({
    name: keyMembers.name,
    hash: keyMembers.hash,
    role: z.enum(adminRoles, { error: `must be ${adminRoles.join(' or ')}` }).optional(),
    expires: keyMembers.expires.optional(),
  })
  // A key of which nothing is said may do the least.
  .transform(({ name, hash, role = 'read', expires = 0 }): AdminKey => ({ name, hash, role, expiresAtMs: expires }));

export function parseAdminKeys(raw: unknown): Parsed<readonly AdminKey[]> {
  return parseKeys(schema, raw);
}

/** A key as one would write it. */
export function describeAdminKey({ name, hash, role, expiresAtMs }: AdminKey): Readonly<Record<string, unknown>> {
  return { name, hash, role, ...(expiresAtMs !== 0 && { expires: formatInstant(expiresAtMs) }) };
}
