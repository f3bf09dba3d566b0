import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { endWith, type Scope } from '../../support/cleanup.ts';
import { eventually } from '../../support/deadline.ts';

/** A TCP relay between nginx and an instance, which counts, and can lose what passes. */
export interface Relay {
  readonly port: number;
  /** Connections that nginx has opened so far. */
  connections(): number;
  /** Resolves when `count` requests to /send have passed towards the instance. */
  posts(count: number): Promise<void>;
  /** The next request that comes is read and not passed on, and its connection is reset. */
  loseNext(): void;
}

/** Starts a relay to `target`, a port on 127.0.0.1. It ends with the test. */
export async function startRelay(scope: Scope, target: number): Promise<Relay> {
  const open = new Set<Socket>();
  let connections = 0;
  let posts = 0;
  let isLosing = false;
  const server = createServer((front) => {
    connections += 1;
    const back = connect(target, '127.0.0.1');
    for (const [socket, other] of [
      [front, back],
      [back, front],
    ] as const) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
    }
    front.on('data', (chunk: Buffer) => {
      if (isLosing) {
        isLosing = false;
        front.resetAndDestroy();
        return;
      }
      posts += chunk.toString('latin1').split('POST /send').length - 1;
      back.write(chunk);
    });
    back.on('data', (chunk: Buffer) => front.write(chunk));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  endWith(scope, () => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    async posts(count) {
      await eventually(
        () => posts >= count || undefined,
        () => `${count} posts at the relay; ${posts} have passed`,
      );
    },
    loseNext() {
      isLosing = true;
    },
  };
}
