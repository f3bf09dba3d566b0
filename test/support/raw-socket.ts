import { connect } from 'node:net';
import { endWith, type Scope } from './cleanup.ts';
import { within } from './deadline.ts';

/** A TCP connection over which a test sends what no proper client would. */
export interface RawSocket {
  /** Everything received so far. */
  received(): Buffer;
  /** Resolves when the bytes are with the operating system, and also when the connection ends first. */
  write(bytes: string | Uint8Array): Promise<void>;
  /** Ends the sending side. */
  end(): void;
  /** RST instead of a proper end. */
  reset(): void;
  /** Stops reading, so that the server's bytes pile up; and goes on. */
  pause(): void;
  resume(): void;
  /** Resolves with everything received once `matches` holds for it as latin1 text; rejects when the connection ends first. */
  receivedUntil(matches: (text: string) => boolean, what: string): Promise<string>;
  /** Resolves with everything received when the connection is over, by whichever side and in whichever way. */
  readonly closed: Promise<Buffer>;
}

/** Opens a TCP connection to the host and port of `url`. */
export async function openRaw(scope: Scope, url: string): Promise<RawSocket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  endWith(scope, () => {
    socket.destroy();
  });

  const chunks: Buffer[] = [];
  const watchers = new Set<() => void>();
  const received = (): Buffer => Buffer.concat(chunks);
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    for (const watch of watchers) watch();
  });
  const opened = new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    // Later errors are followed by 'close'.
    socket.on('error', reject);
  });
  let isClosed = false;
  const closed = new Promise<Buffer>((resolve) => {
    // The server ending its side is the end of the connection: nothing more can come.
    const finish = (): void => {
      isClosed = true;
      resolve(received());
      for (const watch of watchers) watch();
    };
    socket.once('end', finish);
    socket.once('close', finish);
  });
  await within(opened, `a connection to ${url}`);

  return {
    received,
    closed,
    write: (bytes) =>
      new Promise((resolve) => {
        if (socket.destroyed) resolve();
        else socket.write(bytes, () => resolve());
      }),
    end: () => {
      socket.end();
    },
    reset: () => {
      socket.resetAndDestroy();
    },
    pause: () => {
      socket.pause();
    },
    resume: () => {
      socket.resume();
    },
    async receivedUntil(matches, what) {
      const text = (): string => received().toString('latin1');
      let check = (): void => {};
      const seen = new Promise<string>((resolve, reject) => {
        check = () => {
          if (matches(text())) resolve(text());
          else if (isClosed) reject(new Error(`closed before ${what}; received: ${text()}`));
        };
      });
      watchers.add(check);
      check();
      try {
        return await within(seen, () => `${what}; received: ${text()}`);
      } finally {
        watchers.delete(check);
      }
    },
  };
}
