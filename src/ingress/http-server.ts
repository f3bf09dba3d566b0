import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Counters } from '../ops/counters.ts';
import type { ErrorCode } from '../wire/errors.ts';
import { guardHeaders, tlsGuardHeaders } from '../wire/guard-headers.ts';
import { answerError } from './answer.ts';
import { tlsOptions, type Certificate } from './certificate.ts';
import { guardedResponse } from './guarded-response.ts';
import { servePlainAgain, wantsWebSocket } from './plain-again.ts';

export interface HttpServerOptions {
  /** The longest time from a request's first byte, or the connection's opening, to its last byte. */
  readonly requestTimeoutMs: number;
  /** The most bytes of path, header names and values together. */
  readonly maxHeadersBytes: number;
  /** The most connections beside those of listeners. */
  readonly maxHttpConnections: number;
  /** How long nothing may move on a connection with a request: its client takes nothing of its answer. Absent: 75 s, or the request's time. */
  readonly stalledTimeoutMs?: number;
}

export interface HttpServerDeps {
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => unknown;
  readonly onUpgrade?: ((request: IncomingMessage, socket: Socket, head: Buffer) => void) | undefined;
  /** Answers on a socket whose bytes are not a request. */
  readonly onBroken: (socket: Duplex, code: ErrorCode, message?: string) => void;
  readonly counters: Pick<
    Counters,
    'overHeaders' | 'overRequestTime' | 'overHttpConnections' | 'overPipelined' | 'overUnreadTime'
  >;
  /** How many of its connections are listeners', now. */
  readonly listenerCount?: () => number;
}

/** Longer than nginx keeps an idle upstream connection (60 s): the side that opened it closes it, or posts meet a 502. */
const keepAliveTimeoutMs = 75_000;

/** How often Node looks for requests that are late. */
const lateCheckMs = 500;

/** The most requests of one connection that wait for the answer to another: each may hold a whole answer. */
const maxWaiting = 100;

const waiting = Symbol('waiting');

const noHost = 'A request of HTTP/1.1 must have a Host.';

const brokenCodes: Readonly<Record<string, ErrorCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
};

const countedBy: Readonly<Record<string, 'overHeaders' | 'overRequestTime'>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'overRequestTime',
  HPE_HEADER_OVERFLOW: 'overHeaders',
};

/** What is wrong with a request, and not with the connection that it came by. */
const requestError = /^(HPE_|ERR_HTTP_)/;

/** An HTTP server with a bound on every phase of a request; with a certificate one that speaks nothing but TLS. */
export function createHttpServer(deps: HttpServerDeps, options: HttpServerOptions, certificate?: Certificate): Server {
  const { requestTimeoutMs, maxHeadersBytes, maxHttpConnections } = options;
  const nodeOptions = {
    requestTimeout: requestTimeoutMs,
    headersTimeout: requestTimeoutMs,
    // Node refuses what reaches it, and not only what is more.
    maxHeaderSize: maxHeadersBytes + 1,
    keepAliveTimeout: keepAliveTimeoutMs,
    connectionsCheckingInterval: lateCheckMs,
    noDelay: true,
    ServerResponse: guardedResponse(certificate === undefined ? guardHeaders : tlsGuardHeaders),
    // Of two headers that say who somebody is Node would take the first, and a proxy in front may have looked at the last.
    joinDuplicateHeaders: true,
    // Node's own answers would be no errors of the catalogue.
    requireHostHeader: false,
  };
  const server = certificate === undefined ? createServer(nodeOptions) : createSecureServer(nodeOptions, certificate);
  // Node waits for ever for a client to take its answer, and keeps what it has not taken.
  server.timeout = options.stalledTimeoutMs ?? Math.max(keepAliveTimeoutMs, requestTimeoutMs);
  server.on('timeout', (socket: Socket) => {
    // Else it is idle, or waits for us.
    if (socket.writableLength > 0) deps.counters.overUnreadTime += 1;
    socket.destroy();
  });
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    if (isTooManyAtOnce(request, response, deps.counters)) return;
    if (request.headers.host !== undefined || request.httpVersion === '1.0') deps.onRequest(request, response);
    else answerError(response, { code: 'invalid_request', message: noHost, headers: { Connection: 'close' } });
  };
  server.on('request', onRequest);
  // The handler of /send says itself when it wants the body: a body over the limit is then never sent.
  server.on('checkContinue', onRequest);
  // What else is expected is not known here, and may be ignored (RFC 9110, 10.1.1).
  server.on('checkExpectation', onRequest);
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    if (deps.onUpgrade !== undefined && wantsWebSocket(request)) deps.onUpgrade(request, socket, head);
    else servePlainAgain(server, request, socket, head);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const code = error.code ?? '';
    const counter = countedBy[code];
    if (counter !== undefined) deps.counters[counter] += 1;
    if (requestError.test(code) && socket.writable) deps.onBroken(socket, brokenCodes[code] ?? 'invalid_request');
    else socket.destroy();
  });
  const { counters, listenerCount = () => 0 } = deps;
  // Node compares it with all connections of the server, and asks at each new one.
  Object.defineProperty(server, 'maxConnections', { get: () => maxHttpConnections + listenerCount() });
  server.on('drop', () => (counters.overHttpConnections += 1));
  return server;
}

/** What fails before there is TLS is a `clientError` as well. */
function createSecureServer(options: ServerOptions, certificate: Certificate): Server {
  const handshakeTimeout = options.requestTimeout;
  const server = createTlsServer({ ...options, ...tlsOptions(certificate.pair), handshakeTimeout });
  certificate.addServer(server);
  return server;
}

/**
 * Ends a connection that sends requests faster than it takes answers: Node reads all that are in one packet, some thousand, before it looks
 * whether anybody takes what they are answered.
 */
function isTooManyAtOnce(
  { socket }: IncomingMessage,
  response: ServerResponse,
  counters: Pick<Counters, 'overPipelined'>,
): boolean {
  // Those that were in the same packet are still read.
  if (socket.destroyed) return true;
  const counted: Socket & { [waiting]?: number } = socket;
  // Without a socket an answer waits for the one before.
  if (response.socket !== null) counted[waiting] &&= 0;
  else counted[waiting] = (counted[waiting] ?? 0) + 1;
  if ((counted[waiting] ?? 0) <= maxWaiting) return false;
  counters.overPipelined += 1;
  socket.destroy();
  return true;
}
