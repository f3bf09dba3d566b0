import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { endWith, type Scope } from '../../support/cleanup.ts';

/** An HTTP server in an instance's place, for what an instance does not show: the request that it was sent. */
export async function startStandIn(scope: Scope, onRequest: RequestListener): Promise<number> {
  const server = createServer(onRequest);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  endWith(scope, () => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}
