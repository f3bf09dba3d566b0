import { isIP } from 'node:net';
import { accept, refuse, type Parsed } from './parsed.ts';
import { showValue } from './redact.ts';

/** What a proxy may be, as error lines and docs say it. */
export const PROXY_FORM = 'an address (10.0.0.2), a network (10.0.0.0/24, fd00::/64) or loopback';

/**
 * Reads a comma list (flag, environment) or a list (file) of proxies, each once. `none`: there is none. A network of everybody is
 * refused: whoever writes the header would then be who he likes.
 */
export function parseProxies(raw: unknown): Parsed<readonly string[]> {
  const items: readonly unknown[] | undefined = typeof raw === 'string' ? splitList(raw) : listItems(raw);
  if (items === undefined) return refuse(`must be a list of items that are each ${PROXY_FORM}, not ${showValue(raw)}`);
  const proxies = new Set<string>();
  for (const item of items) {
    const proxy = typeof item === 'string' ? item.trim().toLowerCase() : '';
    if (!isProxy(proxy)) return refuse(`must hold only proxies: ${showValue(item)} is not ${PROXY_FORM}`);
    proxies.add(proxy);
  }
  return accept([...proxies]);
}

function isProxy(text: string): boolean {
  if (text === 'loopback') return true;
  const [address = '', prefix, ...more] = text.split('/');
  const family = address.includes('%') ? 0 : isIP(address);
  if (family === 0 || more.length > 0) return false;
  if (prefix === undefined) return true;
  return /^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128);
}

function splitList(text: string): readonly string[] {
  const trimmed = text.trim();
  return trimmed === '' || trimmed.toLowerCase() === 'none' ? [] : trimmed.split(',');
}

function listItems(raw: unknown): readonly unknown[] | undefined {
  return Array.isArray(raw) ? raw : undefined;
}
