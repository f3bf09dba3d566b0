import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { endWith, type Scope } from '../support/cleanup.ts';

/** A way to a server on this machine that can break as a network does. */
export interface SilentProxy {
  readonly port: number;
  /** How many connections were made through it. */
  readonly connections: number;
  /** The connections that are open stay open and carry nothing any more, as if the other machine had lost its power. */
  silence(): void;
  /** Ends what is open and takes no new connection, until `open`. */
  close(): void;
  open(): void;
}

export async function startSilentProxy(scope: Scope, targetPort: number): Promise<SilentProxy> {
  const sockets = new Set<Socket>();
  let isOpen = true;
  let connections = 0;
  const server = createServer((client) => {
    connections += 1;
    if (!isOpen) {
      client.destroy();
      return;
    }
    const target = connect(targetPort, '127.0.0.1');
    join(client, target);
    join(target, client);
  });

  function join(from: Socket, to: Socket): void {
    sockets.add(from);
    from.on('data', (bytes) => to.write(bytes));
    from.on('error', () => {});
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  endWith(scope, async () => {
    cut();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    silence() {
      for (const socket of sockets) socket.removeAllListeners('data').resume();
    },
    close() {
      isOpen = false;
      cut();
    },
    open() {
      isOpen = true;
    },
  };
}
