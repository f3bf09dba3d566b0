import { isIP } from 'node:net';

/**
 * Makes the rule which browser pages may send: those of a listed origin (`*`: any), and those that this server itself serves.
 * A request without an Origin comes from no browser and passes. The own host counts only as an address or `localhost`: a
 * foreign name may be bound to our address by its owner (DNS rebinding), so a name must be listed.
 */
export function createOriginRule(origins: readonly string[]) {
  const listed = new Set(origins);
  return (origin: string | undefined, host: string | undefined): boolean =>
    origin === undefined || listed.has('*') || listed.has(origin) || isOwn(origin, host);
}

export type OriginRule = ReturnType<typeof createOriginRule>;

function isOwn(origin: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(origin)) return false;
  const page = new URL(origin);
  if (page.host !== host.toLowerCase()) return false;
  const name = page.hostname.replace(/^\[(.*)\]$/, '$1');
  return name === 'localhost' || name.endsWith('.localhost') || isIP(name) !== 0;
}
