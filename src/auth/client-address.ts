import { BlockList, isIP } from 'node:net';

/**
 * The address of the client of a request, in one spelling: that of the other end of the connection, or, where that is a trusted proxy, the
 * rightmost of `X-Forwarded-For` that is not. Undefined: the connection has none any more.
 */
export type ClientAddress = (remoteAddress: string | undefined, forwardedFor: string | undefined) => string | undefined;

/** `proxies`: addresses, networks (`10.0.0.0/8`) and `loopback`. Of anybody else the header is not read: it says what he likes. */
export function createClientAddress(proxies: readonly string[]): ClientAddress {
  const trusted = createList(proxies);
  return (remoteAddress, forwardedFor = '') => {
    let address = normalAddress(remoteAddress ?? '');
    const rest = forwardedFor.split(',');
    while (address !== undefined && trusted.check(address, familyOf(address))) {
      const before = rest.pop();
      const entry = before === undefined ? undefined : readEntry(before);
      // What a trusted proxy was told by nobody, or cannot be read, leaves that proxy itself.
      if (entry === undefined) break;
      address = entry;
    }
    return address;
  };
}

/** True for this machine's own addresses, in the spelling of `normalAddress`. */
export function isLoopbackAddress(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

/**
 * Whose address it is, where clients are counted: an IPv4 address for itself; of an IPv6 address the first 64 bits, since that is
 * the least that a customer is given, who may use a new one of it for each connection.
 */
export function addressKey(address: string): string {
  return isIP(address) === 4 ? address : `${groupsOf(address).slice(0, 4).join(':')}::/64`;
}

/** One spelling for each address: IPv6 in lower case and its shortest form, without a zone, and IPv4 within IPv6 as IPv4. Undefined: none. */
export function normalAddress(text: string): string | undefined {
  const [address = ''] = text.split('%', 1);
  const family = isIP(address);
  if (family === 0) return undefined;
  if (family === 4) return address;
  const groups = groupsOf(address);
  if (groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff') {
    const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16));
    return [high >> 8, high & 255, low >> 8, low & 255].join('.');
  }
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

/** The eight groups of an IPv6 address, in hexadecimal without leading zeros. */
function groupsOf(address: string): string[] {
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const split = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const [first, last] = [split(head), split(tail ?? '')];
  return [...first, ...Array<string>(8 - first.length - last.length).fill('0'), ...last];
}

/** An item of the header: an address, by some proxies with its port, or what is none (`unknown`). */
function readEntry(item: string): string | undefined {
  const text = item.trim();
  const bracketed = /^\[([^\]]*)\](:\d+)?$/.exec(text)?.[1];
  return normalAddress(bracketed ?? text.replace(/^(\d+(?:\.\d+){3}):\d+$/, '$1'));
}

function createList(proxies: readonly string[]): BlockList {
  const list = new BlockList();
  for (const proxy of proxies.flatMap((item) => (item === 'loopback' ? ['127.0.0.0/8', '::1'] : [item]))) {
    const [address = '', prefix] = proxy.split('/');
    const alone = normalAddress(address) ?? address;
    if (prefix === undefined) list.addAddress(alone, familyOf(alone));
    else list.addSubnet(address, Number(prefix), familyOf(address));
  }
  return list;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}
