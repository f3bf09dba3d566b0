export interface OriginRuleOptions {
  /**
   * Whether a page counts as one of this server's own by a name that its address bar and our `Host` have in common. Where nobody is asked
   * for a key it must not: a foreign name may be bound to our address by its owner (DNS rebinding). Where one is, that gains nothing.
   */
  readonly ownNames?: boolean;
  /** Whether pages that this machine serves at any port count as own ones where this server is asked for by a loopback name, too. */
  readonly ownMachine?: boolean;
}

/** Whether a page of this origin may go on, asked by this `Host`. A request without an Origin comes from no browser: it may. */
export type OriginRule = (origin: string | undefined, host: string | undefined) => boolean;

/**
 * Makes the rule which browser pages may come in: those of a listed origin (`*`: any; `https://*.example.com`: all names below it, not
 * itself), and those that this server itself serves, where it is asked for by its address or as `localhost`.
 */
export function createOriginRule(origins: readonly string[], options: OriginRuleOptions = {}): OriginRule {
  const { ownNames = false, ownMachine = false } = options;
  const listed = new Set(origins);
  const below = origins.filter((origin) => origin.includes('://*.')).map((origin) => origin.split('*'));
  const isBelow = (origin: string): boolean => below.some(([start = '', end = '']) => fits(origin, start, end));
  return (origin, host) => {
    if (origin === undefined || listed.has('*') || listed.has(origin) || isBelow(origin)) return true;
    const page = readPage(origin);
    if (page === undefined || host === undefined) return false;
    const own = host.toLowerCase();
    if (page.host === own && (ownNames || isAddress(page.hostname) || isLocal(page.hostname))) return true;
    return ownMachine && isLoopback(page.hostname) && isLoopback(nameOf(own));
  };
}

/** What the star stands for is one name or more. */
function fits(origin: string, start: string, end: string): boolean {
  if (!origin.startsWith(start) || !origin.endsWith(end)) return false;
  return /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(origin.slice(start.length, -end.length));
}

/** Undefined: no browser would send it. */
function readPage(origin: string): URL | undefined {
  const page = /^https?:\/\//.test(origin) && URL.canParse(origin) ? new URL(origin) : undefined;
  return page?.origin === origin ? page : undefined;
}

function nameOf(host: string): string {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : '';
}

/** Of a name that URL has read: a last label of digits is always a whole IPv4 address there. */
function isAddress(name: string): boolean {
  return name.startsWith('[') || /^\d+\.\d+\.\d+\.\d+$/.test(name);
}

function isLocal(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}

function isLoopback(name: string): boolean {
  return isLocal(name) || name === '[::1]' || (isAddress(name) && name.startsWith('127.'));
}
