import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { endWith, type Scope } from '../support/cleanup.ts';

/** Stands between clients and a server and swallows one message, which nobody but a checker notices. */
export interface LossyRelay {
  readonly port: number;
  /** The frame that was swallowed; empty: none yet. */
  readonly swallowed: string;
}

const HEADER_END = '\r\n\r\n';

/** Passes everything on to `targetPort`, but for the first text frame of the server that `matches`. */
export async function startLossyRelay(
  scope: Scope,
  targetPort: number,
  matches: (text: string) => boolean,
): Promise<LossyRelay> {
  const sockets = new Set<Socket>();
  let swallowed = '';
  const shouldSwallow = (text: string): boolean => {
    if (swallowed !== '' || !matches(text)) return false;
    swallowed = text;
    return true;
  };
  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1');
    const frames = new FrameFilter((bytes) => client.write(bytes), shouldSwallow);
    client.on('data', (bytes) => target.write(bytes));
    target.on('data', (bytes: Buffer) => frames.push(bytes));
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endWith(scope, async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    port: (server.address() as AddressInfo).port,
    get swallowed() {
      return swallowed;
    },
  };
}

/** Cuts what a WebSocket server sends into frames (RFC 6455, section 5.2: unmasked) and passes on those that are wanted. */
class FrameFilter {
  readonly #pass: (bytes: Buffer) => void;
  readonly #shouldSwallow: (text: string) => boolean;
  #rest: Buffer = Buffer.alloc(0);
  #isUpgraded = false;
  /** The answers of a connection that is not upgraded are passed on as they are. */
  #isPlain = false;

  constructor(pass: (bytes: Buffer) => void, shouldSwallow: (text: string) => boolean) {
    this.#pass = pass;
    this.#shouldSwallow = shouldSwallow;
  }

  push(bytes: Buffer): void {
    if (this.#isPlain) return this.#pass(bytes);
    this.#rest = Buffer.concat([this.#rest, bytes]);
    if (!this.#isUpgraded) {
      const end = this.#rest.indexOf(HEADER_END);
      if (end < 0) return;
      this.#isUpgraded = this.#rest.toString('latin1', 0, 12) === 'HTTP/1.1 101';
      this.#isPlain = !this.#isUpgraded;
      if (this.#isPlain) return this.#take(this.#rest.length);
      this.#take(end + HEADER_END.length);
    }
    for (let frame = this.#frame(); frame !== undefined; frame = this.#frame()) {
      if (this.#shouldSwallow(frame.text)) this.#rest = this.#rest.subarray(frame.length);
      else this.#take(frame.length);
    }
  }

  #take(length: number): void {
    this.#pass(this.#rest.subarray(0, length));
    this.#rest = this.#rest.subarray(length);
  }

  #frame(): { text: string; length: number } | undefined {
    const rest = this.#rest;
    if (rest.length < 2) return undefined;
    const short = (rest[1] ?? 0) & 0x7f;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (rest.length < head) return undefined;
    const size = short < 126 ? short : short === 126 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2));
    if (rest.length < head + size) return undefined;
    return { text: rest.toString('utf8', head, head + size), length: head + size };
  }
}
