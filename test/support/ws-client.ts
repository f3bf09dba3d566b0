import type { IncomingHttpHeaders } from 'node:http';
import { WebSocket, type ClientOptions } from 'ws';
import { endWith, type Scope } from './cleanup.ts';
import { within } from './deadline.ts';
import type { Answer } from './request.ts';

/** What the server sent: the JSON of a text frame, or its text when that is no JSON; a Buffer for a binary frame. */
export type Received = unknown;

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A WebSocket client that keeps everything it receives. */
export interface WsClient {
  /** Everything received so far. */
  readonly frames: readonly Received[];
  /** The text frames as they came, undecoded. */
  readonly texts: readonly string[];
  readonly closed: Promise<Closed>;
  isOpen(): boolean;
  /** The next frame that no `next` or `until` has given yet. */
  next(): Promise<Received>;
  /** Passes over frames, from where `next` stands, up to the first that `matches`, and gives that one. */
  until(matches: (frame: Received) => boolean, what?: string): Promise<Received>;
  /** Resolves when there are at least `count` frames in all. */
  count(count: number): Promise<void>;
  /** A string or bytes go out as they are, anything else as JSON. */
  send(data: unknown): void;
  /** Closing handshake; resolves when the connection is closed. */
  close(code?: number): Promise<Closed>;
  /** Ends the TCP connection without a word. */
  terminate(): void;
  /** Stops reading, so that the server's bytes pile up; and goes on. */
  pause(): void;
  resume(): void;
}

export interface WsOptions extends ClientOptions {
  readonly protocols?: string[];
  /** Told the headers of the answer that opens the connection. */
  readonly onUpgrade?: (headers: IncomingHttpHeaders) => void;
}

/** Connects to `ws://…` and resolves when the connection is open; rejects with the refusal otherwise. */
export async function connectWs(
  scope: Scope,
  url: string,
  { protocols = [], onUpgrade = () => {}, ...options }: WsOptions = {},
): Promise<WsClient> {
  const socket = new WebSocket(url, protocols, { perMessageDeflate: false, ...options });
  endWith(scope, () => socket.terminate());
  socket.once('upgrade', ({ headers }) => onUpgrade(headers));

  const frames: Received[] = [];
  const texts: string[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const look of waiting) look();
  };
  socket.on('message', (data: Buffer, isBinary) => {
    const text = data.toString('utf8');
    if (!isBinary) texts.push(text);
    frames.push(isBinary ? data : decode(text));
    wake();
  });
  let end: Closed | undefined;
  const closed = new Promise<Closed>((resolve) => {
    socket.once('close', (code, reason) => {
      end = { code, reason: reason.toString('utf8') };
      resolve(end);
      wake();
    });
  });
  const opened = new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    // Later errors are followed by 'close', which says what became of the connection.
    socket.on('error', reject);
  });
  await within(opened, `the WebSocket ${url} to open`);

  // Resolves once `look` is true, and rejects when the connection closes while it is not.
  const whenever = async (look: () => boolean, what: string): Promise<void> => {
    let check = (): void => {};
    const seen = new Promise<void>((resolve, reject) => {
      check = () => {
        if (look()) resolve();
        else if (end !== undefined) reject(new Error(`closed (${end.code} ${end.reason}) before ${what}; ${tail()}`));
      };
    });
    waiting.add(check);
    check();
    try {
      await within(seen, () => `${what}; ${tail()}`);
    } finally {
      waiting.delete(check);
    }
  };
  const tail = (): string => `${frames.length} frames, the last: ${texts.slice(-5).join(' ')}`;
  let position = 0;

  const client: WsClient = {
    frames,
    texts,
    closed,
    isOpen: () => socket.readyState === WebSocket.OPEN,
    next: () => client.until(() => true, 'another frame'),
    async until(matches, what = 'the frame looked for') {
      const passOver = (): boolean => {
        while (position < frames.length && !matches(frames[position])) position += 1;
        return position < frames.length;
      };
      await whenever(passOver, what);
      position += 1;
      return frames[position - 1];
    },
    count: (count) => whenever(() => frames.length >= count, `${count} frames`),
    send(data) {
      socket.send(typeof data === 'string' || data instanceof Uint8Array ? data : JSON.stringify(data));
    },
    async close(code) {
      socket.close(code);
      return within(closed, 'the closing handshake');
    },
    terminate: () => socket.terminate(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
  return client;
}

/** What a server answers instead of opening a WebSocket; rejects when it does open one. */
export function refusedWs(url: string, { protocols = [], ...options }: WsOptions = {}): Promise<Omit<Answer, 'json'>> {
  const socket = new WebSocket(url, protocols, options);
  const refused = new Promise<Omit<Answer, 'json'>>((resolve, reject) => {
    socket.once('unexpected-response', (_request, response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    socket.once('open', () => {
      socket.terminate();
      reject(new Error(`${url} was not refused`));
    });
    socket.once('error', reject);
  });
  return within(refused, `${url} to be refused`);
}

function decode(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
