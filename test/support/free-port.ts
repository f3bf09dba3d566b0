import { createServer, type AddressInfo } from 'node:net';

/**
 * A loopback port that was free a moment ago, for programs that cannot choose one themselves (redis-server, nginx).
 * Another process may take it before they do: see `onFreePort`.
 */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const MAX_CONFLICTS = 5;

/** Runs `start` with a free port, and with another one as long as it reports that the port was taken meanwhile. */
export async function onFreePort<T>(start: (port: number) => Promise<T | 'taken'>): Promise<T> {
  for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts += 1) {
    const started = await start(await freePort());
    if (started !== 'taken') return started;
  }
  throw new Error(`${MAX_CONFLICTS} free ports in a row were taken before they could be used`);
}
