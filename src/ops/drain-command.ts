import { request, type IncomingMessage } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

export interface DrainCommandDeps {
  readonly print: (line: string) => void;
  readonly fail: (line: string) => void;
}

export interface DrainCommandOptions {
  /** Where the admin listener of the instance is bound. */
  readonly adminHost: string;
  readonly adminPort: number;
}

/** What is asked of an instance that runs; what it says of itself while it drains. */
interface Said {
  readonly status: number;
  readonly state: string | undefined;
  readonly connections: number | undefined;
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
  { adminHost, adminPort }: DrainCommandOptions,
): Promise<boolean> {
  const host = everyAddress[adminHost] ?? adminHost;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${adminPort}`;
  const begun = await ask(`${url}/drain`, 'POST');
  if (begun === 'gone' || begun === 'silent') {
    const how = begun === 'gone' ? 'nothing listens' : 'nothing answers';
    fail(`${how} at ${url}; name the admin listener of the instance with --admin-host and --admin-port`);
    return false;
  }
  if (begun.status !== 202) {
    fail(`what listens at ${url} does not drain (it answers ${begun.status}); is it the admin listener?`);
    return false;
  }
  print(`${url} drains ${count(begun.connections)}.`);
  return waitForEnd(url, { print, fail });
}

async function waitForEnd(url: string, { print, fail }: DrainCommandDeps): Promise<boolean> {
  let silences = 0;
  let saidMs = performance.now();
  for (;;) {
    await delay(askEveryMs);
    const now = await ask(`${url}/stats`, 'GET');
    silences = now === 'silent' ? silences + 1 : 0;
    if (silences === maxSilences) {
      fail(`${url} does not answer any more, and has not ended`);
      return false;
    }
    // Whoever is not draining there has been started since.
    if (now === 'gone' || (now !== 'silent' && now.state !== 'draining' && now.state !== 'stopped')) break;
    if (now === 'silent' || performance.now() - saidMs < sayEveryMs) continue;
    saidMs = performance.now();
    print(`  ${count(now.connections)} left`);
  }
  print('It has ended.');
  return true;
}

function ask(url: string, method: 'GET' | 'POST'): Promise<Said | 'gone' | 'silent'> {
  return new Promise((resolve) => {
    const asked = request(url, { method, agent: false, timeout: answerMs });
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
