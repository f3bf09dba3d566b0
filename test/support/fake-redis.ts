import { createServer, type AddressInfo, type Socket } from 'node:net';
import { endWith, type Scope } from './cleanup.ts';

/** A bulk string, a list of them, or an error when it begins with `-`. */
export type FakeReply = string | readonly string[];

/** A server that speaks as much of Redis' protocol as a client needs to ask it something; each test says what it replies. */
export interface FakeRedis {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** How many commands of the test's own it was sent. */
  asked(): number;
  /** Sends a message to everybody who has subscribed to the channel. */
  tell(channel: string, text: string): void;
  /** Ends its connections and takes no more. */
  close(): Promise<void>;
}

export async function startFakeRedis(
  scope: Scope,
  replyTo: (words: readonly string[]) => FakeReply | Promise<FakeReply>,
): Promise<FakeRedis> {
  const sockets = new Set<Socket>();
  const hearers = new Map<Socket, string>();
  let asked = 0;

  async function answer(socket: Socket, words: readonly string[]): Promise<void> {
    const [name = '', channel = ''] = words;
    if (/^(hello|client|auth)$/i.test(name)) {
      socket.write("-ERR unknown command 'HELLO'\r\n");
    } else if (/^subscribe$/i.test(name)) {
      hearers.set(socket, channel);
      socket.write(`*3\r\n${bulk('subscribe')}${bulk(channel)}:1\r\n`);
    } else {
      asked += 1;
      const reply = await replyTo(words);
      if (typeof reply !== 'string') socket.write(`*${reply.length}\r\n${reply.map(bulk).join('')}`);
      else socket.write(reply.startsWith('-') ? `${reply}\r\n` : bulk(reply));
    }
  }

  const server = createServer((socket) => {
    sockets.add(socket);
    let text = '';
    // One answer after the other, as Redis gives them.
    let last = Promise.resolve();
    socket.setEncoding('latin1').on('data', (chunk) => {
      text += chunk;
      for (let read = readCommand(text); read !== undefined; read = readCommand(text)) {
        const { words, rest } = read;
        text = rest;
        last = last.then(() => answer(socket, words));
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      hearers.delete(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  endWith(scope, close);
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    asked: () => asked,
    tell(channel, told) {
      for (const [socket, heard] of hearers) {
        if (heard === channel) socket.write(`*3\r\n${bulk('message')}${bulk(channel)}${bulk(told)}`);
      }
    },
    close,
  };
}

function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}

/** The first command of what came, when all of it is there: a list of bulk strings. */
function readCommand(text: string): { words: string[]; rest: string } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (head === null) return undefined;
  let at = head[0].length;
  const words: string[] = [];
  while (words.length < Number(head[1])) {
    const length = /^\$(\d+)\r\n/.exec(text.slice(at));
    if (length === null) return undefined;
    const from = at + length[0].length;
    at = from + Number(length[1]) + 2;
    if (text.length < at) return undefined;
    words.push(text.slice(from, at - 2));
  }
  return { words, rest: text.slice(at) };
}
