import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Headers that offer another protocol; without them the request is an ordinary one. */
const offers = new Set(['connection', 'upgrade', 'http2-settings']);

/** True for a request that wants a WebSocket. */
export function wantsWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * Serves a request that offers a protocol other than WebSocket as if it had offered none, as RFC 9110, section 7.8 allows: Java's
 * HttpClient offers h2c with every first post. Node has already taken such a socket away from its HTTP server, so it is given
 * back with the request's bytes before whatever else has arrived.
 */
export function servePlainAgain(server: Server, request: IncomingMessage, socket: Socket, head: Buffer): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  const { rawHeaders } = request;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (!offers.has(name.toLowerCase())) lines.push(`${name}: ${rawHeaders[index + 1]}`);
  }
  // What has TLS already is not to have it once more.
  server.emit(socket instanceof TLSSocket ? 'secureConnection' : 'connection', socket);
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
}
