import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/**
 * An IP address or a host name, as one writes it: `127.0.0.1`, `::`, `[::1]` (the brackets are dropped), `redis-1`.
 * Undefined for anything else; a name is not looked up.
 */
export function parseHost(text: string): string | undefined {
  if (text.startsWith('[') && text.endsWith(']')) {
    const inner = text.slice(1, -1);
    return isIP(inner) === 6 ? inner : undefined;
  }
  return isIP(text) !== 0 || isHostName(text) ? text : undefined;
}

/**
 * True where only this machine can connect: 127.0.0.0/8, ::1 in any spelling, localhost. Any other name counts as
 * reachable from outside, for what it resolves to can change.
 */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return host.toLowerCase() === 'localhost';
  return loopback.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

/** Labels may hold underscores, as container names do. A last label of digits is a mistyped IPv4 address. */
function isHostName(text: string): boolean {
  if (text.length > 253) return false;
  const labels = text.split('.');
  return labels.every((label) => /^(?!-)[a-z0-9_-]{1,63}$(?<!-)/i.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '');
}
