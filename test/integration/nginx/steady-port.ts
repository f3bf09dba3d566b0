import { createServer } from 'node:net';

/** Below Linux's ephemeral ports (32768 and up), which any client connection of this machine may be given. */
const first = 20_000;
const last = 31_999;
const maxTries = 20;

/** A loopback port for a server that will be killed and started again on it: nobody gets this port by asking for any. */
export async function steadyPort(): Promise<number> {
  for (let tries = 0; tries < maxTries; tries += 1) {
    const port = first + Math.floor(Math.random() * (last - first + 1));
    if (await canListen(port)) return port;
  }
  throw new Error(`of ${maxTries} ports between ${first} and ${last} none was free`);
}

function canListen(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
