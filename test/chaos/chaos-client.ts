import { WebSocket, type RawData } from 'ws';
import type { Chance } from '../unit/seeded.ts';
import type { ClientHistory, History } from './history.ts';
import type { PlannedClient } from './plan-clients.ts';

export interface ClientOptions {
  readonly history: History;
  readonly record: ClientHistory;
  readonly planned: PlannedClient;
  /** Its own, so that what one client does changes nothing for another. */
  readonly chance: Chance;
  /** `ws://host:port` of each instance, whether or not it runs. */
  readonly urls: () => readonly string[];
}

const HANDSHAKE_MS = 3_000;
const WELCOME_MS = 5_000;
const ACK_EVERY_MS = 250;
/** Clients that lost their connection together do not come back together. */
const LONGEST_WAIT_MS = 600;

interface ServerFrame {
  readonly event?: unknown;
  readonly mid?: unknown;
  readonly id?: unknown;
  readonly msg?: unknown;
  readonly resumed?: unknown;
  readonly after?: unknown;
  readonly after_ms?: unknown;
}

/**
 * A tracked client as the protocol asks for it: it keeps a cursor, drops what is at or below it, and comes back after a random wait, to
 * any instance. Everything it does and receives is recorded.
 */
export class ChaosClient {
  readonly #options: ClientOptions;
  #socket: WebSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** -1: a newcomer. */
  #cursor = -1;
  #isWelcome = false;
  #hasEnded = false;
  #ackedAtMs = 0;
  /** How long the server that closes it has told it to wait; -1: it has not. */
  #moveMs = -1;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#connect();
  }

  /** Connected, and told where it stands. */
  get isWelcome(): boolean {
    return this.#isWelcome;
  }

  /** Ends its connection without a word, and comes back after `awayMs` and a random wait. */
  leave(awayMs: number): void {
    const socket = this.#socket;
    if (socket !== undefined) {
      this.#noteEnd(0);
      socket.terminate();
    }
    this.#later(awayMs + this.#options.chance.below(LONGEST_WAIT_MS), () => this.#connect());
  }

  /** Stops reading for a while. */
  pause(lengthMs: number): void {
    const socket = this.#socket;
    if (socket === undefined || !this.#isWelcome || socket.isPaused) return;
    this.#options.record.add('pause', Date.now());
    socket.pause();
    setTimeout(() => {
      if (this.#socket !== socket) return;
      this.#options.record.add('resume', Date.now());
      socket.resume();
    }, lengthMs);
  }

  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    this.#socket?.terminate();
  }

  #later(afterMs: number, act: () => void): void {
    clearTimeout(this.#timer);
    if (!this.#hasEnded) this.#timer = setTimeout(act, afterMs);
  }

  #connect(): void {
    const { planned, record, chance, urls } = this.#options;
    const all = urls();
    const slot = chance.below(all.length);
    const query = new URLSearchParams({
      uid: planned.uid,
      types: planned.types.join(','),
      mid: this.#cursor < 0 ? '' : String(this.#cursor),
    });
    record.add('connect', Date.now(), this.#cursor, slot);
    const socket = new WebSocket(`${all[slot] ?? ''}/ws?${query.toString()}`, {
      perMessageDeflate: false,
      handshakeTimeout: HANDSHAKE_MS,
    });
    this.#socket = socket;
    // What a socket has in store when it is given up does not count any more.
    const isCurrent = (): boolean => this.#socket === socket;
    socket.on('open', () => {
      if (isCurrent()) this.#later(WELCOME_MS, () => socket.terminate());
    });
    socket.on('message', (data) => {
      if (isCurrent()) this.#receive(data);
    });
    // 'close' follows, and says the same.
    socket.on('error', () => {});
    socket.on('close', (code) => {
      if (!isCurrent()) return;
      this.#noteEnd(code);
      const waitMs = this.#moveMs < 0 ? 20 + chance.below(LONGEST_WAIT_MS) : this.#moveMs;
      this.#moveMs = -1;
      this.#later(waitMs, () => this.#connect());
    });
  }

  #noteEnd(code: number): void {
    this.#socket = undefined;
    this.#isWelcome = false;
    this.#options.record.add('close', Date.now(), 0, code);
  }

  #receive(data: RawData): void {
    const { history, record } = this.#options;
    const atMs = Date.now();
    const frame = parse(data);
    const mid = typeof frame.mid === 'number' ? frame.mid : -1;
    switch (frame.event) {
      case 'welcome':
        clearTimeout(this.#timer);
        this.#isWelcome = true;
        record.add('welcome', atMs, mid, frame.resumed === true ? 1 : 0);
        if (this.#cursor < 0 || (frame.resumed !== true && mid < this.#cursor)) this.#cursor = mid;
        return;
      case 'gap':
        record.add('gap', atMs, mid, Number(frame.after));
        return;
      case 'reconnect':
        this.#moveMs = Number(frame.after_ms);
        return;
      case undefined:
        break;
      default:
        return;
    }
    const seq = history.seqOf(frame.msg);
    if (seq < 0) history.strangers.push(`${record.index}: ${asText(data).slice(0, 300)}`);
    history.addFrame(record, atMs, mid, seq, String(frame.id));
    if (mid <= this.#cursor) return;
    this.#cursor = mid;
    if (!this.#options.planned.acks || atMs - this.#ackedAtMs < ACK_EVERY_MS) return;
    this.#ackedAtMs = atMs;
    this.#socket?.send(`{"ack":${mid}}`);
  }
}

function parse(data: RawData): ServerFrame {
  try {
    return JSON.parse(asText(data)) as ServerFrame;
  } catch {
    return {};
  }
}

function asText(data: RawData): string {
  return (data as Buffer).toString('utf8');
}
