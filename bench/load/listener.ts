import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { encodeClientFrame } from './client-frame.ts';
import { headerLines, listenerHeaders } from './credentials.ts';
import { FrameCounter, type FrameSink } from './frame-counter.ts';
import { uidOf, type LoadPlan } from './plan.ts';

/** What all listeners of a run share. `received` is told of completed deliveries, once per chunk read. */
export interface ListenerHooks extends FrameSink {
  ready(listener: Listener): void;
  failed(listener: Listener, reason: string): void;
  received(count: number): void;
}

/**
 * One buffer for the reads of all sockets: it is consumed before the next read, so nothing is allocated per chunk.
 * Large, so that a generator that fell behind empties a socket in one call.
 */
const readBuffer = Buffer.allocUnsafe(1 << 20);

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = createHash('sha1').update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64').toLowerCase();
const ENGINE_IO_PONG = encodeClientFrame(1, Buffer.from('3'));
const SOCKET_IO_CONNECT = encodeClientFrame(1, Buffer.from('40'));

/** A port has about 28,000 ephemeral peers per source address; four addresses are enough for any run here. */
const SOURCE_ADDRESSES = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'];

/** One WebSocket client: upgrades, speaks the Socket.IO greeting where asked to, and from then on only counts. */
export class Listener {
  readonly index: number;
  readonly counter: FrameCounter;
  readonly #socket: Socket;
  readonly #hooks: ListenerHooks;
  readonly #isSocketIo: boolean;
  #early: Buffer | undefined = Buffer.alloc(0);
  #upgraded = false;

  constructor(index: number, plan: Pick<LoadPlan, 'port' | 'protocol' | 'credentials'>, hooks: ListenerHooks) {
    this.index = index;
    this.#hooks = hooks;
    this.#isSocketIo = plan.protocol === 'socket.io';
    this.counter = new FrameCounter(hooks, this.#isSocketIo);
    const path = this.#isSocketIo ? '/socket.io/?EIO=4&transport=websocket&' : '/ws?';
    this.#socket = connect({
      host: '127.0.0.1',
      port: plan.port,
      localAddress: SOURCE_ADDRESSES[index % SOURCE_ADDRESSES.length],
      noDelay: true,
      onread: { buffer: readBuffer, callback: (bytes) => this.#read(bytes) },
    });
    this.#socket.on('error', (error) => hooks.failed(this, error.message));
    this.#socket.on('close', () => hooks.failed(this, 'closed by the server'));
    this.#socket.write(
      `GET ${path}uid=${uidOf(index)} HTTP/1.1\r\nHost: 127.0.0.1:${plan.port}\r\nUpgrade: websocket\r\n` +
        `${headerLines(listenerHeaders(plan.credentials, index, uidOf(index)))}Connection: Upgrade\r\nSec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
  }

  answerPing(payload: Uint8Array): void {
    this.#socket.write(encodeClientFrame(10, payload));
  }

  /** Ends with a reset, so that thousands of connections leave no port in TIME_WAIT for the next run. */
  end(): void {
    this.#socket.removeAllListeners('close');
    this.#socket.resetAndDestroy();
  }

  #read(length: number): boolean {
    try {
      if (this.#early !== undefined) this.#greet(readBuffer.subarray(0, length));
      else this.#count(readBuffer, 0, length);
    } catch (error) {
      this.#hooks.failed(this, error instanceof Error ? error.message : String(error));
      this.#socket.destroy();
    }
    return true;
  }

  #count(bytes: Uint8Array, start: number, end: number): void {
    // An Engine.IO ping is a message of one byte on its own, so it comes as a read of three.
    if (this.#isSocketIo && end - start === 3 && bytes[start + 2] === 0x32) this.#socket.write(ENGINE_IO_PONG);
    const completed = this.counter.push(bytes, start, end);
    if (completed > 0) this.#hooks.received(completed);
  }

  /** Before the connection is ready its bytes are few: collect and look at them whole. */
  #greet(chunk: Buffer): void {
    let early = Buffer.concat([this.#early!, chunk]);
    if (!this.#upgraded) {
      const headEnd = early.indexOf('\r\n\r\n');
      if (headEnd < 0) return this.#keep(early);
      const head = early.toString('latin1', 0, headEnd);
      if (!head.startsWith('HTTP/1.1 101') || !head.toLowerCase().includes(`sec-websocket-accept: ${ACCEPT}`)) {
        throw new Error(`upgrade refused: ${early.toString('latin1', 0, 200)}`);
      }
      this.#upgraded = true;
      early = early.subarray(headEnd + 4);
    }
    while (this.#isSocketIo) {
      // Greeting packets are short text frames: `0{…}` opens, `40{…}` accepts our `40`.
      if (early.length < 2 || early.length < 2 + early[1]!) return this.#keep(early);
      const packet = early.toString('latin1', 2, 2 + early[1]!);
      if (early[1]! > 125) throw new Error('a Socket.IO greeting beyond 125 bytes');
      early = early.subarray(2 + early[1]!);
      if (packet.startsWith('0{')) this.#socket.write(SOCKET_IO_CONNECT);
      else if (packet.startsWith('40')) break;
      else throw new Error(`unexpected Socket.IO packet ${packet}`);
    }
    this.#early = undefined;
    this.#hooks.ready(this);
    if (early.length > 0) this.#count(early, 0, early.length);
  }

  #keep(early: Buffer): void {
    this.#early = Buffer.from(early);
  }
}
