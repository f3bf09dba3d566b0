import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocketServer, type RawData, type ServerOptions, type WebSocket } from 'ws';
import { Connection } from '../hub/connection.ts';
import { pongFrame, textFrame } from '../hub/frame.ts';
import type { Heartbeat } from '../hub/heartbeat.ts';
import type { Hub } from '../hub/hub.ts';
import type { Counters } from '../ops/counters.ts';
import type { WelcomeEvent } from '../wire/frames.ts';
import { ClientFrames } from './client-frames.ts';
import { Handshakes, type Admitted, type Handshake, type HandshakeDeps, type HandshakeOptions } from './handshakes.ts';
import { refuse } from './refuse.ts';
import { Renewals } from './renewals.ts';
import { chooseProtocol } from './subprotocol.ts';
import { TokenWatch } from './token-watch.ts';
import { Turns } from './turns.ts';

export interface GatewayDeps extends HandshakeDeps {
  readonly hub: Hub;
  readonly heartbeat: Heartbeat;
  readonly counters: Counters;
  /** The mid of the newest entry that the hub was told. */
  readonly head: () => number;
  /** Told the newest mid that a client of the uid says it has handled. */
  readonly acknowledge: (uid: string, mid: number) => void;
}

export interface GatewayOptions extends HandshakeOptions {
  readonly maxClientFrameBytes: number;
  readonly maxClientFrames: number;
  /** The largest token that a client may send in a frame, where it is asked for one. */
  readonly maxTokenBytes: number;
  readonly connectionBudgetBytes: number;
}

/** The most parts of one client message, and the most chunks that wait for one frame: an honest client needs very few. */
const maxFragments = 64;
const maxBufferedChunks = 256;

/** How long a client has to answer a close frame before its socket is destroyed. */
const closeTimeoutMs = 5_000;

/** What a frame with a token has around it. */
const tokenFrameBytes = 64;

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
  readonly #tokens: TokenWatch;
  readonly #handshakes: Handshakes;
  readonly #ended: Turns<UpgradedSocket>;

  constructor(deps: GatewayDeps, options: GatewayOptions) {
    this.#deps = deps;
    this.#budgetBytes = options.connectionBudgetBytes;
    const tokens = new TokenWatch({ ...deps, now: Date.now });
    this.#tokens = tokens;
    this.frames = new ClientFrames({ ...deps, renewals: new Renewals({ ...deps, tokens }) }, options);
    this.#handshakes = new Handshakes(deps, options, (handshake, admitted) => this.#accept(handshake, admitted));
    this.#ended = new Turns(deps.monotonicMs, endSocket);
    const serverOptions: NewerServerOptions = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      autoPong: false,
      maxPayload: maxPayloadOf(options, deps.listeners.isOn),
      maxFragments,
      maxBufferedChunks,
      closeTimeout: closeTimeoutMs,
      handleProtocols: chooseProtocol,
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

  /** Ends a connection whose client has ended it without a close frame: in its turn, since thousands may do so together. */
  end(socket: UpgradedSocket): void {
    this.#ended.add(socket);
  }

  /** Forgets a connection whose socket has closed. */
  forget(connection: Connection): void {
    this.#deps.hub.remove(connection);
    this.#deps.heartbeat.remove(connection);
    this.#tokens.forget(connection);
    this.#leave(connection.uid, connection.seat);
  }

  #leave(uid: string, seat: string | null): void {
    this.#deps.watches?.unwatch(uid);
    this.#handshakes.freeSeat(uid, seat);
  }

  #accept({ request, socket, head }: Handshake, admitted: Admitted): void {
    let isOpen = false;
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      isOpen = true;
      socket.off('error', ignoreError);
      this.#open(webSocket, socket, admitted);
    });
    if (!isOpen) this.#leave(admitted.listener.uid, admitted.seat);
  }

  #open(webSocket: WebSocket, socket: Socket, { listener, grant, seat }: Admitted): void {
    const { hub, heartbeat, counters, listeners } = this.#deps;
    const { uid, types, cursor } = listener;
    const mode = cursor === undefined ? 'plain' : 'tracked';
    const connection = new Connection(webSocket, socket, uid, mode, this.#budgetBytes);
    connection.seat = seat;
    if (listeners.isOn) connection.grant = grant;
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
    this.#tokens.watch(connection);
  }

  /** What a newcomer, who has missed nothing, is told first. */
  #welcome(): Buffer {
    const event: WelcomeEvent = { event: 'welcome', mid: this.#deps.head(), resumed: true };
    return textFrame(JSON.stringify(event));
  }
}

function maxPayloadOf({ maxClientFrameBytes, maxTokenBytes }: GatewayOptions, areAsked: boolean): number {
  return areAsked ? Math.max(maxClientFrameBytes, maxTokenBytes + tokenFrameBytes) : maxClientFrameBytes;
}

function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
  const { connection, gateway } = attachedTo(this);
  if (!gateway.frames.admit(connection)) return;
  if (isBinary || !Buffer.isBuffer(data)) gateway.counters.ignoredFrames += 1;
  else gateway.frames.read(connection, data);
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
