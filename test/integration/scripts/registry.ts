import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { endWith, type Scope } from '../../support/cleanup.ts';

const ARCHIVE_PATH = '/planted/-/planted-1.0.0.tgz';

/**
 * An npm registry that answers audits with this status and body, and has one package, `planted`, whose version 1.0.0 is this
 * archive. Returns its URL.
 */
export async function startRegistry(
  scope: Scope,
  audit: { readonly status: number; readonly body: object },
  archive: Buffer = Buffer.alloc(0),
): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    if (request.url === ARCHIVE_PATH) return void response.end(archive);
    // By the path of today, or by that of yesterday, to which an older npm falls back.
    const isAudit = request.method === 'POST';
    response.writeHead(isAudit ? audit.status : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isAudit ? audit.body : packageDocument(`http://${request.headers.host}`)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  endWith(scope, async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function packageDocument(url: string): object {
  const version = (number: string): object => ({
    name: 'planted',
    version: number,
    dist: { tarball: `${url}${ARCHIVE_PATH}` },
  });
  return {
    name: 'planted',
    'dist-tags': { latest: '1.0.1' },
    versions: { '1.0.0': version('1.0.0'), '1.0.1': version('1.0.1') },
  };
}
