import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocketServer, type RawData, type ServerOptions, type WebSocket } from 'ws';
import type { Watches } from '../cluster/watched.ts';
import { Connection } from '../hub/connection.ts';
import { pongFrame, textFrame } from '../hub/frame.ts';
import type { Heartbeat } from '../hub/heartbeat.ts';
import type { Hub } from '../hub/hub.ts';
import type { Counters } from '../ops/counters.ts';
import type { ErrorCode } from '../wire/errors.ts';
import type { WelcomeEvent } from '../wire/frames.ts';
import type { Admission } from './admission.ts';
import { ClientFrames } from './client-frames.ts';
import { readListenQuery, type ListenRequest } from './listen-query.ts';
import { refuse, type RefusalOptions } from './refuse.ts';
import { Turns } from './turns.ts';

export interface GatewayDeps {
  readonly hub: Hub;
  readonly heartbeat: Heartbeat;
  readonly admission: Admission;
  readonly counters: Counters;
  /** The mid of the newest entry that the hub was told. */
  readonly head: () => number;
  /** Told the newest mid that a client of the uid says it has handled. */
  readonly acknowledge: (uid: string, mid: number) => void;
  readonly monotonicMs: () => number;
  /** Where a uid has to be watched before a connection of it is told anything; undefined: everything is told here. */
  readonly watches?: Watches | undefined;
  /** True once the instance is to stop: it takes no connection any more. */
  readonly isLeaving: () => boolean;
}

export interface GatewayOptions {
  readonly maxClientFrameBytes: number;
  readonly maxClientFrames: number;
  readonly connectionBudgetBytes: number;
}

/** The most parts of one client message, and the most chunks that wait for one frame: an honest client needs very few. */
const maxFragments = 64;
const maxBufferedChunks = 256;

/** How long a client has to answer a close frame before its socket is destroyed. */
const closeTimeoutMs = 5_000;

/** What the shared event handlers find on a WebSocket: no closure is kept per connection. */
interface Attached {
  connection: Connection;
  gateway: Gateway;
}
const attached = Symbol('attached');
type AttachedSocket = WebSocket & { [attached]: Attached };

/** Where the socket of an open connection has its WebSocket. */
const upgraded = Symbol('upgraded');
type UpgradedSocket = Socket & { [upgraded]: WebSocket };

/** An upgrade that HTTP has let go of. */
interface Handshake {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
}

/** The options of `ws` 8.23 that its published types do not know yet. */
interface NewerServerOptions extends ServerOptions {
  readonly closeTimeout: number;
}

/** The door of the listeners: takes upgrades of `/ws`, hands connections to the hub, reads what clients send. */
export class Gateway {
  readonly #deps: GatewayDeps;
  readonly #budgetBytes: number;
  readonly #server: WebSocketServer;
  readonly frames: ClientFrames;
  readonly #handshakes: Turns<Handshake>;
  readonly #ended: Turns<UpgradedSocket>;

  constructor(deps: GatewayDeps, options: GatewayOptions) {
    this.#deps = deps;
    this.#budgetBytes = options.connectionBudgetBytes;
    this.frames = new ClientFrames(deps, options);
    this.#handshakes = new Turns(deps.monotonicMs, (handshake) => this.#handshake(handshake));
    this.#ended = new Turns(deps.monotonicMs, endSocket);
    const serverOptions: NewerServerOptions = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      autoPong: false,
      maxPayload: options.maxClientFrameBytes,
      maxFragments,
      maxBufferedChunks,
      closeTimeout: closeTimeoutMs,
    };
    this.#server = new WebSocketServer(serverOptions);
    this.#server.on('wsClientError', onHandshakeError);
  }

  get counters(): Counters {
    return this.#deps.counters;
  }

  /** Handles the `upgrade` event of an HTTP server. Every refusal is an HTTP answer before the upgrade. */
  readonly upgrade = (request: IncomingMessage, socket: Socket, head: Buffer): void => {
    socket.on('error', ignoreError);
    this.#handshakes.add({ request, socket, head });
  };

  #handshake({ request, socket, head }: Handshake): void {
    if (socket.destroyed) return;
    const url = request.url ?? '';
    const queryAt = url.indexOf('?');
    const path = queryAt < 0 ? url : url.slice(0, queryAt);
    if (path !== '/ws')
      return this.#refuse(socket, 'not_found', `There is no WebSocket at ${printable(path)}; use /ws.`);
    if (this.#deps.isLeaving()) return this.#refuse(socket, 'stopping');
    const retryAfterSeconds = this.#deps.admission.retryAfterSeconds();
    if (retryAfterSeconds !== undefined) return this.#refuse(socket, 'busy', undefined, { retryAfterSeconds });
    const query = readListenQuery(queryAt < 0 ? '' : url.slice(queryAt + 1));
    if (!query.ok) return this.#refuse(socket, 'invalid_listen', query.message);
    const refusal = this.#deps.hub.refusal(query.request.uid);
    if (refusal !== undefined) return this.#refuse(socket, refusal);
    const watching = this.#deps.watches?.watch(query.request.uid);
    if (watching === undefined) this.#accept(request, socket, head, query.request);
    else void this.#acceptWhen(watching, request, socket, head, query.request);
  }

  /** Ends a connection whose client has ended it without a close frame: in its turn, since thousands may do so together. */
  end(socket: UpgradedSocket): void {
    this.#ended.add(socket);
  }

  /** Forgets a connection whose socket has closed. */
  forget(connection: Connection): void {
    this.#deps.hub.remove(connection);
    this.#deps.heartbeat.remove(connection);
    this.#deps.watches?.unwatch(connection.uid);
  }

  /** The uid is watched. */
  #accept(request: IncomingMessage, socket: Socket, head: Buffer, listener: ListenRequest): void {
    let isOpen = false;
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      isOpen = true;
      socket.off('error', ignoreError);
      this.#open(webSocket, socket, listener);
    });
    if (!isOpen) this.#deps.watches?.unwatch(listener.uid);
  }

  /** Who has its 101 gets everything from then on: so it comes when the uid is watched, and not before. */
  async #acceptWhen(
    watching: Promise<void>,
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    listener: ListenRequest,
  ): Promise<void> {
    try {
      await watching;
    } catch (error) {
      return this.#refuse(socket, 'store_unavailable', error instanceof Error ? error.message : undefined);
    }
    const refusal = this.#deps.isLeaving() ? 'stopping' : this.#deps.hub.refusal(listener.uid);
    if (refusal === undefined && !socket.destroyed) return this.#accept(request, socket, head, listener);
    this.#deps.watches?.unwatch(listener.uid);
    if (refusal !== undefined) this.#refuse(socket, refusal);
  }

  #open(webSocket: WebSocket, socket: Socket, { uid, types, cursor }: ListenRequest): void {
    const { hub, heartbeat, counters } = this.#deps;
    const mode = cursor === undefined ? 'plain' : 'tracked';
    const connection = new Connection(webSocket, socket, uid, mode, this.#budgetBytes);
    connection.openedMs = Math.round(this.#deps.monotonicMs());
    (webSocket as AttachedSocket)[attached] = { connection, gateway: this };
    webSocket.on('message', onMessage);
    webSocket.on('ping', onPing);
    webSocket.on('pong', onPong);
    webSocket.on('error', onError);
    webSocket.on('close', onClose);
    // In place of the listener of `ws`, which ends the socket at once: a crowd that leaves would hold the loop for that long.
    socket.removeAllListeners('end');
    (socket as UpgradedSocket)[upgraded] = webSocket;
    socket.on('end', onEnd);
    counters.connected += 1;
    heartbeat.add(connection);
    if (cursor === undefined) hub.add(connection, types);
    else if (cursor === null) hub.add(connection, types, this.#welcome());
    else hub.resume(connection, types, cursor);
  }

  /** What a newcomer, who has missed nothing, is told first. */
  #welcome(): Buffer {
    const event: WelcomeEvent = { event: 'welcome', mid: this.#deps.head(), resumed: true };
    return textFrame(JSON.stringify(event));
  }

  #refuse(socket: Socket, code: ErrorCode, message?: string, options?: RefusalOptions): void {
    this.#deps.counters.listenersRefused += 1;
    refuse(socket, code, message, options);
  }
}

function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
  const { connection, gateway } = attachedTo(this);
  if (!gateway.frames.admit(connection)) return;
  if (isBinary || !Buffer.isBuffer(data)) gateway.counters.ignoredFrames += 1;
  else gateway.frames.read(connection, data.toString());
}

/** Pongs go through the budget: a client that pings and never reads must not fill our memory. */
function onPing(this: WebSocket, payload: Buffer): void {
  const { connection, gateway } = attachedTo(this);
  if (gateway.frames.admit(connection)) connection.write(pongFrame(payload));
}

function onPong(this: WebSocket): void {
  const { connection, gateway } = attachedTo(this);
  gateway.frames.admit(connection);
}

/** `ws` closes the socket with the right code by itself: 1002, 1007 or 1009. */
function onError(this: WebSocket): void {
  attachedTo(this).gateway.counters.protocolErrors += 1;
}

function onClose(this: WebSocket): void {
  const { connection, gateway } = attachedTo(this);
  gateway.forget(connection);
}

/** A handshake that `ws` does not take: wrong version, no key, a broken extension header. */
function onHandshakeError(error: Error, socket: unknown): void {
  refuse(socket as Socket, 'invalid_request', `This is not a WebSocket handshake: ${error.message}.`, {
    headers: ['Sec-WebSocket-Version: 13'],
  });
}

function onEnd(this: UpgradedSocket): void {
  attachedTo(this[upgraded]).gateway.end(this);
}

/** What is under way after a close frame is still written. */
function endSocket(socket: UpgradedSocket): void {
  const webSocket = socket[upgraded];
  if (webSocket.readyState === webSocket.OPEN) webSocket.terminate();
  else socket.end();
}

function attachedTo(webSocket: WebSocket): Attached {
  return (webSocket as AttachedSocket)[attached];
}

function ignoreError(): void {}

function printable(text: string): string {
  return text.slice(0, 100).replace(/[^\x21-\x7e]/g, '?');
}
