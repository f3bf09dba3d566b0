import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild, type Child } from './child.ts';
import type { Credentials } from './load/credentials.ts';
import { secured } from './secured.ts';

const TIDINGS_QUEUES = {
  'tidings-list': 'list',
  'tidings-secured': 'secured list',
  'tidings-workers': 'list of 2 workers',
  'tidings-durable-list': 'durable list',
  'tidings-redis': 'redis',
  'tidings-bullmq': 'bullmq',
} as const;

/** File below build/bench/peers/ and arguments. The lossy and the doubling one are controls, not peers. */
const PEERS = {
  'plain-http': ['plain-http.js'],
  'plain-ws': ['plain-ws.js'],
  'plain-ws-lossy': ['plain-ws.js', '--drop-every=1000'],
  'plain-ws-doubling': ['plain-ws.js', '--double-every=1000'],
  'socket-io': ['socket-io.js'],
} as const;

/** The crowd is opened as fast as it goes, and closed at the end: neither is what is measured. */
const UNGUARDED = ['--max-handshakes=1000000', '--max-lag=0', '--drain=0'];

type TidingsName = keyof typeof TIDINGS_QUEUES;

/** The servers that are measured. */
export type ServerName = TidingsName | keyof typeof PEERS;

/** A server that is listening, and what stands behind it. */
export interface RunningServer {
  port: number;
  serverPids: number[];
  storePids: number[];
  /** What it asks of its callers; null: nothing. */
  credentials: Credentials | null;
  stop(): Promise<void>;
}

/** Starts a server on a free port of 127.0.0.1; with a Redis queue, its own redis-server first. */
export async function startServer(name: ServerName, root: string): Promise<RunningServer> {
  if (isTidings(name)) return startTidings(root, TIDINGS_QUEUES[name]);
  const [file, ...args] = PEERS[name];
  return running(await startNode(join(root, 'build/bench/peers', file), args), undefined);
}

function isTidings(name: ServerName): name is TidingsName {
  return name in TIDINGS_QUEUES;
}

type TidingsQueue = (typeof TIDINGS_QUEUES)[TidingsName];

async function startTidings(root: string, queue: TidingsQueue): Promise<RunningServer> {
  if (queue === 'durable list') return startDurable(root);
  if (queue === 'list of 2 workers') return startWorkers(root);
  if (queue === 'secured list') return startSecured(root);
  const store = queue === 'list' ? undefined : await startRedis();
  const args = [
    'serve',
    '--port=0',
    '--admin-port=0',
    ...UNGUARDED,
    `--queue=${queue}${store ? `/127.0.0.1:${store.said}` : ''}`,
  ];
  try {
    return running(await startNode(join(root, 'dist/main.js'), args), store);
  } catch (error) {
    await store?.stop();
    throw error;
  }
}

async function startSecured(root: string): Promise<RunningServer> {
  const { flags, credentials } = secured();
  const args = ['serve', '--port=0', '--admin-port=0', ...UNGUARDED, ...flags];
  return { ...running(await startNode(join(root, 'dist/main.js'), args), undefined), credentials };
}

/** What it costs is what all of its processes cost together. */
async function startWorkers(root: string): Promise<RunningServer> {
  const args = ['serve', '--port=0', '--admin-port=0', ...UNGUARDED, '--workers=2'];
  const supervisor = await startNode(join(root, 'dist/main.js'), args);
  return { ...running(supervisor, undefined), serverPids: [supervisor.pid, ...childrenOf(supervisor.pid)] };
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  return text.split(/\s+/).map(Number);
}

/** Its directory is new, and gone with it. Where temporary files are in memory only, so is what is measured. */
async function startDurable(root: string): Promise<RunningServer> {
  const dir = await mkdtemp(join(tmpdir(), 'tidings-bench-'));
  const args = ['serve', '--port=0', '--admin-port=0', ...UNGUARDED, `--data-dir=${dir}`];
  const server = running(await startNode(join(root, 'dist/main.js'), args), undefined);
  return {
    ...server,
    async stop() {
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function startNode(script: string, args: string[]): Promise<Child> {
  return startChild('server', process.execPath, [script, ...args], listeningPort);
}

/** Without persistence: what is measured is the server, and a disk would be measured with it. */
async function startRedis(): Promise<Child> {
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  return startChild('load', 'redis-server', args, (line) =>
    line.includes('Ready to accept connections') ? String(port) : undefined,
  );
}

function running(server: Child, store: Child | undefined): RunningServer {
  return {
    port: Number(server.said),
    serverPids: [server.pid],
    storePids: store === undefined ? [] : [store.pid],
    credentials: null,
    stop: async () => {
      await server.stop();
      await store?.stop();
    },
  };
}

/** The port in a line `{"event":"listening","url":"http://127.0.0.1:PORT"}`. */
function listeningPort(line: string): string | undefined {
  if (!line.startsWith('{') || !line.includes('"listening"')) return undefined;
  const { event, url } = JSON.parse(line) as { event?: string; url?: string };
  return event === 'listening' && url !== undefined ? new URL(url).port : undefined;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
