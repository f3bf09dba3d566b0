import { connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

/** How a connection is now. */
export type SocketState = 'open' | 'ended' | 'reset';

/** A TCP connection that keeps what it receives, and says each time when there is more or when it is over. */
export class ClientSocket {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #wake = (): void => {};
  state: SocketState = 'open';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    const over = (state: SocketState) => (): void => {
      if (this.state === 'open') this.state = state;
      this.#wake();
    };
    socket.on('end', over('ended'));
    socket.on('error', over('reset'));
    socket.on('close', over('reset'));
  }

  /** Rejects when nobody listens there. */
  static open(url: string): Promise<ClientSocket> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true, allowHalfOpen: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new ClientSocket(socket));
      });
    });
  }

  get received(): Buffer {
    return this.#received;
  }

  /** Gives the bytes back that belong to no answer yet. */
  keepOnly(rest: Buffer): void {
    this.#received = rest;
  }

  /** Sends the bytes in packets that end at the cuts. */
  async send(bytes: Buffer, cuts: readonly number[] = []): Promise<void> {
    let from = 0;
    for (const cut of cuts) {
      if (cut <= from || cut >= bytes.length) continue;
      this.#write(bytes.subarray(from, cut));
      await turn();
      from = cut;
    }
    this.#write(bytes.subarray(from));
  }

  #write(bytes: Buffer): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  /** Ends the sending side. */
  end(): void {
    if (this.#socket.writable) this.#socket.end();
  }

  /** Ends it with RST, or, when it has ended, frees it. */
  destroy(): void {
    if (this.state === 'open') this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** Resolves with what `look` gives once that is something; with undefined when it is not within `limitMs`. */
  until<T>(look: () => T | undefined, limitMs: number): Promise<T | undefined> {
    return new Promise((resolve) => {
      const finish = (found: T | undefined): void => {
        clearTimeout(timer);
        this.#wake = () => {};
        resolve(found);
      };
      const timer = setTimeout(finish, limitMs, undefined);
      const check = (): void => {
        const found = look();
        if (found !== undefined) finish(found);
      };
      this.#wake = check;
      check();
    });
  }
}
