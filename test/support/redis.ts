import { connect } from 'node:net';
import { startChild, type Child } from './child.ts';
import { endWith, type Scope } from './cleanup.ts';
import { eventually } from './deadline.ts';
import { onFreePort } from './free-port.ts';
import { makeTempDir } from './temp-dir.ts';

export interface RedisOptions {
  /** Arguments of redis-server after the usual ones: `['--appendonly', 'yes']`. A later one wins. */
  readonly args?: readonly string[];
  readonly password?: string;
}

/** A redis-server of the test's own, with an empty folder for its data. */
export interface Redis {
  readonly port: number;
  /** `localhost:port`, as it stands in `--queue=redis/localhost:6379`; with a password `:password@localhost:port`. */
  readonly address: string;
  /** `redis://…`, for a client library. */
  readonly url: string;
  readonly pid: number;
  readonly lines: readonly string[];
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  /** SIGKILL: what it had not written to disk is lost. */
  kill(): Promise<void>;
  /** SIGTERM. */
  stop(): Promise<void>;
  /** Starts it again on the same port with the same folder, after `kill` or `stop`. */
  start(): Promise<void>;
}

/** Starts redis-server, which keeps nothing on disk unless `args` say so, and resolves when it answers PING. */
export async function startRedis(scope: Scope, options: RedisOptions = {}): Promise<Redis> {
  const dir = await makeTempDir(scope);
  const secret = options.password === undefined ? [] : ['--requirepass', options.password];
  const usual = ['--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no', ...secret];

  const launch = async (port: number): Promise<Child | 'taken'> => {
    const args = ['--port', String(port), ...usual, ...(options.args ?? [])];
    const child = await startChild('redis-server', args);
    const ready = eventually(
      async () => {
        if (child.hasExited()) return 'ended';
        return (await answersPing(port, options.password)) ? 'answers' : undefined;
      },
      () => `redis-server on ${port}; it printed:\n${child.lines.slice(-20).join('\n')}`,
    );
    if ((await ready.catch(giveUp(child))) === 'answers') return child;
    await child.exited;
    if (child.lines.some((line) => line.includes('Address already in use'))) return 'taken';
    throw new Error(`redis-server ended at start:\n${child.lines.join('\n')}`);
  };

  const first = await onFreePort(async (port) => {
    const child = await launch(port);
    return child === 'taken' ? child : { port, child };
  });
  const { port } = first;
  let current = first.child;
  endWith(scope, async () => {
    if (!current.hasExited()) await current.end('SIGKILL');
  });

  const credentials = options.password === undefined ? '' : `:${encodeURIComponent(options.password)}@`;
  return {
    port,
    address: `${credentials}localhost:${port}`,
    url: `redis://${credentials}127.0.0.1:${port}`,
    get pid() {
      return current.pid;
    },
    get lines() {
      return current.lines;
    },
    pause: () => current.signal('SIGSTOP'),
    resume: () => current.signal('SIGCONT'),
    async kill() {
      await current.end('SIGKILL');
    },
    async stop() {
      await current.end('SIGTERM');
    },
    async start() {
      if (!current.hasExited()) throw new Error('this redis-server is still running');
      const child = await launch(port);
      if (child === 'taken') throw new Error(`somebody else took port ${port} meanwhile`);
      current = child;
    },
  };
}

function giveUp(child: Child): (error: unknown) => Promise<never> {
  return async (error) => {
    await child.end('SIGKILL');
    throw error;
  };
}

/** True when the server at this port answers a PING with PONG, and with nothing else (LOADING, NOAUTH). */
export function answersPing(port: number, password?: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').setTimeout(1_000, () => socket.destroy());
    socket.on('data', (text) => {
      answer += text;
      if (/^(\+PONG|-.*)\r\n/m.test(answer)) socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(/^\+PONG\r\n/m.test(answer)));
    if (password !== undefined) socket.write(command('AUTH', password));
    socket.write(command('PING'));
  });
}

function command(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}
