import { isIPv6, type Server } from 'node:net';
import { Server as TlsServer } from 'node:tls';

/** Where a server listens. */
export interface Listening {
  readonly url: string;
  readonly port: number;
}

export interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** The setting that an operator would change. */
  readonly name: string;
  /** When the port is taken, take any free one. */
  readonly orAnyPort?: boolean;
  /** What its connections speak; absent: what the server itself does. */
  readonly scheme?: 'http' | 'https';
}

/** A port that cannot be had. Its message is one line that says which setting to change. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/**
 * The most connections that the kernel is to keep for us to take; it keeps no more than net.core.somaxconn (4096 on Linux, where
 * nobody has raised it). A crowd that comes back at once is longer than Node's usual 511, Node takes one in a turn of the event
 * loop, and who finds no place there tries again only after a second.
 */
const backlog = 65_535;

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use',
  EACCES: 'may not be opened by this user',
  EADDRNOTAVAIL: 'is not an address of this machine',
  ENOTFOUND: 'is not a name that can be looked up',
};

/** Opens a server. Rejects with a ListenError. */
export async function listen(
  server: Server,
  { host, port, name, orAnyPort = false, scheme = server instanceof TlsServer ? 'https' : 'http' }: ListenOptions,
): Promise<Listening> {
  try {
    await open(server, host, port);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    if (code === 'EADDRINUSE' && orAnyPort) return listen(server, { host, port: 0, name, scheme });
    const reason = reasons[code] ?? `cannot be opened (${code})`;
    throw new ListenError(`${name}: ${host}:${port} ${reason}; choose another with --${name}=N`, { cause: error });
  }
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a TCP address');
  const shown = isIPv6(host) ? `[${host}]` : host;
  return { url: `${scheme}://${shown}:${address.port}`, port: address.port };
}

function open(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(error);
    server.once('error', onError);
    server.listen({ host, port, backlog }, () => {
      server.off('error', onError);
      resolve();
    });
  });
}
