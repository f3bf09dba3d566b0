import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { guardedResponse } from '../../src/ingress/guarded-response.ts';
import { endWith } from '../support/cleanup.ts';
import { request } from '../support/request.ts';

const guard = { 'X-Guard': 'on', 'Cache-Control': 'no-store' };

/** Every way in which Node lets somebody answer, and whether that one has a value of its own for a header of the guard. */
const ways: Readonly<Record<string, readonly [(response: ServerResponse) => void, string]>> = {
  'a whole answer': [(response) => response.writeHead(200, { A: '1' }).end('x'), 'no-store'],
  'one with its own value': [(response) => response.writeHead(200, { 'Cache-Control': 'no-cache' }).end(), 'no-cache'],
  'one with its own value, in another case': [
    (response) => response.setHeader('cache-control', 'no-cache').writeHead(200, { A: '1' }).end(),
    'no-cache',
  ],
  'one with a reason': [(response) => response.writeHead(200, 'Fine', { A: '1' }).end(), 'no-store'],
  'a flat list': [(response) => response.writeHead(200, ['A', '1']).end(), 'no-store'],
  'a status alone': [(response) => response.writeHead(204).end(), 'no-store'],
  'no word at all': [(response) => response.end('x'), 'no-store'],
  'headers set before': [(response) => response.setHeader('A', '1').end('x'), 'no-store'],
};

test('however it is answered, the headers are there once, and a value of the answer counts', async (t) => {
  const server = createServer({ ServerResponse: guardedResponse(guard) }, (incoming, response) => {
    ways[decodeURIComponent(incoming.url ?? '').slice(1)]?.[0](response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endWith(t, () => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  for (const [name, [, cacheControl]] of Object.entries(ways)) {
    const { headers } = await request(`http://127.0.0.1:${port}/${encodeURIComponent(name)}`);
    assert.equal(headers['x-guard'], 'on', name);
    assert.equal(headers['cache-control'], cacheControl, name);
  }
});
