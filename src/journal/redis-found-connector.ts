import { Socket, connect as connectPlain } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { AbstractConnector } from 'ioredis';
import type { RedisFinder } from './redis-finder.ts';

export interface FoundConnectorOptions {
  readonly tls: boolean;
  /** How long a connection that is given up may take to close before it is cut, in milliseconds. */
  readonly disconnectMs: number;
}

/**
 * What ioredis takes as its `Connector`: each connect goes to the server that is found then, and when another one is found the socket is cut, so
 * that ioredis connects anew. While none is found it is given a socket that is closed already, which it treats as a refused
 * connection: it says why and tries again after its wait.
 */
export function connectorTo(finder: RedisFinder, { tls, disconnectMs }: FoundConnectorOptions) {
  return class FoundConnector extends AbstractConnector {
    #giveUp = (): void => {};

    constructor() {
      super(disconnectMs);
    }

    async connect(): Promise<Socket | TLSSocket> {
      this.connecting = true;
      const givenUp = new Promise<undefined>((resolve) => (this.#giveUp = () => resolve(undefined)));
      let socket: Socket | TLSSocket;
      try {
        const found = await Promise.race([finder.find(), givenUp]);
        if (found === undefined) return this.#closed(new Error('the connection was given up'));
        const { host, port } = found;
        socket = tls ? connectTls({ host, port }) : connectPlain({ host, port });
        const cut = (): void => void socket.destroy();
        socket.once('close', finder.use(found, cut));
      } catch (error) {
        return this.#closed(error instanceof Error ? error : new Error(String(error)));
      }
      this.stream = socket;
      socket.once('error', (error) => (this.firstError = error));
      return socket;
    }

    override disconnect(): void {
      super.disconnect();
      this.#giveUp();
    }

    #closed(error: Error): Socket {
      this.firstError = error;
      return new Socket().destroy();
    }
  };
}
