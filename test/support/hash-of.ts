import { createHash } from 'node:crypto';

/** What a configuration has of a key. */
export function hashOf(key: string): string {
  return `sha256:${createHash('sha256').update(key).digest('base64url')}`;
}
