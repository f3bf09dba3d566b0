import { request, type IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { connectPinned, OtherCertificateError } from './admin-tls.ts';

export interface DrainCommandDeps {
  readonly print: (line: string) => void;
  readonly fail: (line: string) => void;
}

export interface DrainCommandOptions {
  /** Where the admin listener of the instance is bound. */
  readonly adminHost: string;
  readonly adminPort: number;
  /** The certificate, PEM, that the admin listener presents; undefined: it speaks no TLS. */
  readonly cert: string | undefined;
  /** What the listener is shown; null: nothing. */
  readonly adminKey: string | null;
}

/** What is asked of an instance that runs; what it says of itself while it drains. */
interface Said {
  readonly status: number;
  readonly state: string | undefined;
  readonly connections: number | undefined;
}

/** Other: somebody is there who is not meant. */
type Answer = Said | 'gone' | 'silent' | 'other';

type Ask = (method: 'GET' | 'POST', path: string) => Promise<Answer>;

interface Asked {
  readonly host: string;
  readonly port: number;
  readonly cert: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** How long the admin listener has to answer, and how often in a row it may fail to before it is given up. */
const answerMs = 5000;
const maxSilences = 3;

const askEveryMs = 250;

/** How often progress is printed. */
const sayEveryMs = 1000;

/** Every address of the machine: one that can be connected to is its loopback. */
const everyAddress: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** `tidings drain`: has a running instance hand its connections over, and waits until it has gone. True: it has. */
export async function drainInstance(
  { print, fail }: DrainCommandDeps,
  { adminHost, adminPort, cert, adminKey }: DrainCommandOptions,
): Promise<boolean> {
  const host = everyAddress[adminHost] ?? adminHost;
  const url = `${cert === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${adminPort}`;
  const headers = adminKey === null ? {} : { authorization: `Bearer ${adminKey}` };
  const ask: Ask = (method, path) => askOnce({ host, port: adminPort, cert, headers }, method, path);
  const begun = await ask('POST', '/drain');
  if (begun === 'other') {
    fail(`what listens at ${url} presents another certificate than tls-cert; SIGHUP has it read that again`);
    return false;
  }
  if (begun === 'gone' || begun === 'silent') {
    const how = begun === 'gone' ? 'nothing listens' : 'nothing answers';
    fail(`${how} at ${url}; name the admin listener of the instance with --admin-host and --admin-port`);
    return false;
  }
  if (begun.status === 401 || (begun.status === 403 && adminKey !== null)) {
    const what = adminKey === null ? 'asks for an admin key; put one' : 'refuses this admin key; put another';
    fail(`${url} ${what} with the role write into TIDINGS_ADMIN_KEY`);
    return false;
  }
  if (begun.status !== 202) {
    fail(`what listens at ${url} does not drain (it answers ${begun.status}); is it the admin listener?`);
    return false;
  }
  print(`${url} drains ${count(begun.connections)}.`);
  return waitForEnd(ask, url, { print, fail });
}

async function waitForEnd(ask: Ask, url: string, { print, fail }: DrainCommandDeps): Promise<boolean> {
  let silences = 0;
  let saidMs = performance.now();
  for (;;) {
    await delay(askEveryMs);
    const now = await ask('GET', '/stats');
    silences = now === 'silent' ? silences + 1 : 0;
    if (silences === maxSilences) {
      fail(`${url} does not answer any more, and has not ended`);
      return false;
    }
    // Whoever is not draining there has been started since.
    if (now === 'gone' || now === 'other' || (now !== 'silent' && now.state !== 'draining' && now.state !== 'stopped'))
      break;
    if (now === 'silent' || performance.now() - saidMs < sayEveryMs) continue;
    saidMs = performance.now();
    print(`  ${count(now.connections)} left`);
  }
  print('It has ended.');
  return true;
}

async function askOnce({ host, port, cert, headers }: Asked, method: 'GET' | 'POST', path: string): Promise<Answer> {
  let socket: TLSSocket | undefined;
  try {
    socket = cert === undefined ? undefined : await connectPinned({ host, port, timeoutMs: answerMs }, cert);
  } catch (error) {
    return error instanceof OtherCertificateError ? 'other' : 'gone';
  }
  return new Promise((resolve) => {
    const connection = socket === undefined ? { agent: false } : { createConnection: () => socket };
    const asked = request({ host, port, path, method, headers, timeout: answerMs, ...connection });
    asked.once('timeout', () => {
      resolve('silent');
      asked.destroy();
    });
    asked.once('error', () => resolve('gone'));
    asked.once('response', (response) => {
      void readText(response).then(
        (text) => resolve({ status: response.statusCode ?? 0, ...read(text) }),
        () => resolve('gone'),
      );
    });
    asked.end();
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

const saidSchema = z.object({
  state: z.string().optional(),
  connections: z.number().optional(),
  gauges: z.object({ connections: z.number().optional() }).optional(),
});

/** What of it is known; whatever it is. */
function read(text: string): Pick<Said, 'state' | 'connections'> {
  try {
    const { state, connections, gauges } = saidSchema.parse(JSON.parse(text));
    return { state, connections: connections ?? gauges?.connections };
  } catch {
    return { state: undefined, connections: undefined };
  }
}

function count(connections: number | undefined): string {
  if (connections === undefined) return 'its connections';
  return connections === 1 ? '1 connection' : `${connections} connections`;
}
