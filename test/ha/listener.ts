import { connect, type Socket } from 'node:net';
import { upgradeRequest } from '../support/raw-ws.ts';
import type { ListenerLog } from './listener-log.ts';
import { closeReply, pong, ServerFrames, type ServerFrame } from './server-frames.ts';

/** What the listeners of one process have in common. */
export interface ListenerDeps {
  readonly log: ListenerLog;
  /** Of the door: `http://127.0.0.1:port`. */
  readonly url: string;
  /** The longest random wait of one whose socket was lost; 0: it comes back at once, as no client should. */
  readonly jitterMs: number;
  /** Told the status of each handshake that was refused; 0: there was no answer. */
  readonly onRefused: (status: number) => void;
}

const HANDSHAKE_MS = 10_000;
const LONGEST_BACKOFF_MS = 10_000;
const ABNORMAL = 1006;

/**
 * A tracked client as docs/protocol.md asks for one, on a bare socket, since thousands have to fit into one process. It keeps a cursor;
 * told to `reconnect` it waits `after_ms`; refused with Retry-After it waits so long and a random part; otherwise it waits a random
 * time, the longer the more often it failed.
 */
export class Listener {
  readonly #index: number;
  readonly #uid: string;
  readonly #deps: ListenerDeps;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #frames = new ServerFrames();
  #head = '';
  #isUpgraded = false;
  #hasEnded = false;
  /** -1: a newcomer. */
  #cursor = -1;
  #failures = 0;
  /** What the last `reconnect` said; -1: nothing. */
  #afterMs = -1;
  isWelcome = false;
  /** Of the last message that it took; -1: none. */
  newestSeq = -1;

  constructor(index: number, uid: string, deps: ListenerDeps) {
    this.#index = index;
    this.#uid = uid;
    this.#deps = deps;
  }

  open(): void {
    const { log, url } = this.#deps;
    const { hostname, port } = new URL(url);
    const query = `uid=${this.#uid}&mid=${this.#cursor < 0 ? '' : this.#cursor}`;
    log.add(this.#index, 'connect', this.#cursor, 0);
    this.#frames = new ServerFrames();
    this.#head = '';
    this.#isUpgraded = false;
    this.#afterMs = -1;
    const socket = connect(Number(port), hostname);
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#lost(socket, 0), HANDSHAKE_MS);
    socket.on('connect', () => socket.write(upgradeRequest(`${url}/ws?${query}`)));
    socket.on('data', (bytes: Buffer) => {
      if (this.#socket === socket) this.#read(socket, bytes);
    });
    // 'close' follows.
    socket.on('error', () => {});
    socket.on('close', () => this.#lost(socket, ABNORMAL));
  }

  /** Loses its connection, and comes back at once, as no client should. */
  drop(): void {
    if (this.#socket !== undefined) this.#giveUp(this.#socket, 0, 0);
  }

  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
  }

  #read(socket: Socket, bytes: Buffer): void {
    const take = (frame: ServerFrame): void => {
      if (this.#socket === socket) this.#take(socket, frame);
    };
    if (this.#isUpgraded) {
      this.#frames.push(bytes, take);
      return;
    }
    this.#head += bytes.toString('latin1');
    const end = this.#head.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#head.slice(0, end);
    const status = Number(head.slice(9, 12));
    if (status !== 101) {
      const retryAfter = /^retry-after: *(\d+)/im.exec(head)?.[1];
      this.#refused(socket, status, retryAfter === undefined ? -1 : Number(retryAfter) * 1_000);
      return;
    }
    this.#isUpgraded = true;
    this.#frames.push(Buffer.from(this.#head.slice(end + 4), 'latin1'), take);
    this.#head = '';
  }

  #take(socket: Socket, { opcode, payload }: ServerFrame): void {
    if (opcode === 9) socket.write(pong(payload));
    else if (opcode === 8) {
      const code = payload.length >= 2 ? payload.readUInt16BE(0) : ABNORMAL;
      socket.end(closeReply(payload));
      this.#lost(socket, code);
    } else if (opcode === 1) this.#message(payload.toString('utf8'));
  }

  #message(text: string): void {
    const { log } = this.#deps;
    const frame = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const mid = Number(frame['mid'] ?? -1);
    switch (frame['event']) {
      case undefined: {
        const seq = log.addFrame(this.#index, mid, frame['msg'], String(frame['id']), text);
        if (mid <= this.#cursor) return;
        this.#cursor = mid;
        this.newestSeq = seq;
        return;
      }
      case 'welcome': {
        clearTimeout(this.#timer);
        this.#failures = 0;
        this.isWelcome = true;
        const isResumed = frame['resumed'] === true;
        log.add(this.#index, 'welcome', mid, isResumed ? 1 : 0);
        if (this.#cursor < 0 || (!isResumed && mid < this.#cursor)) this.#cursor = mid;
        return;
      }
      case 'gap':
        log.add(this.#index, 'gap', mid, Number(frame['after']));
        return;
      case 'reconnect':
        this.#afterMs = Number(frame['after_ms']);
        return;
    }
  }

  #refused(socket: Socket, status: number, retryAfterMs: number): void {
    this.#deps.onRefused(status);
    const waitMs = retryAfterMs < 0 ? this.#backoffMs() : retryAfterMs + Math.random() * 1_000;
    this.#giveUp(socket, 0, waitMs);
  }

  /** The connection is gone, by the code of its close frame; a second call for the same one does nothing. */
  #lost(socket: Socket, code: number): void {
    if (this.#socket !== socket) return;
    const wasWelcome = this.isWelcome;
    if (!wasWelcome) this.#deps.onRefused(0);
    const waitMs = !wasWelcome ? this.#backoffMs() : this.#afterMs >= 0 ? this.#afterMs : this.#jitterMs();
    this.#giveUp(socket, code, waitMs);
  }

  #giveUp(socket: Socket, code: number, waitMs: number): void {
    clearTimeout(this.#timer);
    this.#socket = undefined;
    this.isWelcome = false;
    this.#deps.log.add(this.#index, 'close', 0, code);
    // One that is being closed properly ends by itself.
    if (!socket.writableEnded) socket.destroy();
    if (!this.#hasEnded) this.#timer = setTimeout(() => this.open(), waitMs);
  }

  #jitterMs(): number {
    return Math.random() * this.#deps.jitterMs;
  }

  #backoffMs(): number {
    this.#failures += 1;
    return Math.random() * Math.min(LONGEST_BACKOFF_MS, 500 * 2 ** this.#failures);
  }
}
