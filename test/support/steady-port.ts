import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { endWith, type Scope } from './cleanup.ts';

/** Below Linux's ephemeral ports (32768 and up), which any client connection of this machine may be given. */
const first = 20_000;
const last = 31_999;
const maxTries = 20;

/**
 * A loopback port for a server that will be killed and started again on it: nobody gets this port by asking for any, and
 * no other test gets it here while `scope` lasts, whether or not a server is on it.
 *
 * @param pick A port to try.
 */
export async function steadyPort(scope: Scope, pick = anyPort): Promise<number> {
  for (let tries = 0; tries < maxTries; tries += 1) {
    const port = pick();
    if ((await claim(scope, port)) && (await canListen(port))) return port;
  }
  throw new Error(`of ${maxTries} ports between ${first} and ${last} none was free`);
}

const anyPort = (): number => first + Math.floor(Math.random() * (last - first + 1));

/** The UDP port of the same number, which no server here wants, is the claim: the kernel keeps it across processes, and ends it with them. */
function claim(scope: Scope, port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    socket.once('error', () => resolve(false));
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => {
      endWith(scope, () => new Promise((closed) => socket.close(() => closed())));
      resolve(true);
    });
  });
}

function canListen(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
