import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { endWith, type Scope } from '../support/cleanup.ts';

/** The way from one instance to its Redis, which can break as a network that is partitioned does. */
export interface StallingProxy {
  readonly port: number;
  /** Connections stay open and carry nothing, in either direction; new ones are taken and carry nothing. */
  stall(): void;
  /** All that was held back arrives, as TCP brings it once the network is whole again. */
  heal(): void;
}

/** Starts a proxy to `targetPort` on this machine. It ends with the scope. */
export async function startStallingProxy(scope: Scope, targetPort: number): Promise<StallingProxy> {
  const sockets = new Set<Socket>();
  let isStalled = false;
  const join = (from: Socket, to: Socket): void => {
    sockets.add(from);
    from.on('data', (bytes: Buffer) => {
      if (!to.destroyed) to.write(bytes);
    });
    from.on('error', () => {});
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    if (isStalled) from.pause();
  };
  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1');
    join(client, target);
    join(target, client);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  endWith(scope, async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    port: (server.address() as AddressInfo).port,
    stall() {
      isStalled = true;
      for (const socket of sockets) socket.pause();
    },
    heal() {
      isStalled = false;
      for (const socket of sockets) socket.resume();
    },
  };
}
