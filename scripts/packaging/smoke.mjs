// Does what was built work? A notification goes through it, by each queue.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { Failure, root } from '../project.mjs';

const LIMIT_MS = 30_000;
const POLL_MS = 20;

/**
 * Starts `command serve` in an empty folder once for each queue, and sends a notification from a backend to a browser.
 * Returns the queues that were tried: without a redis-server in PATH, only the list. Throws Failure with what the server
 * printed when a notification did not arrive within 30 s, the demo was not served, or SIGTERM did not end it well.
 */
export async function smoke(command) {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-smoke-'));
  try {
    await deliver(command, 'list', folder);
    const redis = await startRedis(folder);
    if (redis === undefined) return ['list'];
    try {
      for (const queue of ['redis', 'bullmq']) await deliver(command, `${queue}/127.0.0.1:${redis.port}`, folder);
    } finally {
      await redis.stop();
    }
    return ['list', 'redis', 'bullmq'];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function deliver(command, queue, cwd) {
  const server = start(command, ['serve', '--port=0', '--admin-port=0', `--queue=${queue}`], cwd);
  try {
    const url = await server.until(`${command} to listen`, (line) => listeningUrl(line));
    await poll(server, 'the server to be ready', async () => (await fetch(`${url}/readyz`)).ok);
    const page = await (await fetch(`${url}/demo/`)).text();
    if (page !== readFileSync(join(root, 'demo/index.html'), 'utf8')) throw new Failure('/demo/ is not the demo page');

    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws?uid=smoke`);
    try {
      await server.within('the WebSocket to open', once(socket, 'open'));
      const arrived = once(socket, 'message');
      const msg = `by ${queue}`;
      const body = JSON.stringify({ topic: 'uids', topic_ids: ['smoke'], msg });
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${url}/send`, { method: 'POST', headers, body });
      if (answer.status !== 202) throw new Failure(`POST /send: ${answer.status} ${await answer.text()}`);
      const [frame] = await server.within('the notification to arrive', arrived);
      if (JSON.parse(frame).msg !== msg) throw new Failure(`this arrived instead of '${msg}': ${frame}`);
    } finally {
      socket.terminate();
    }
    const code = await server.stop();
    if (code !== 0) throw new Failure(`SIGTERM ended the server with ${code}`);
  } catch (error) {
    throw new Failure(`queue ${queue}: ${error.message} ${error.cause ?? ""}\n${server.printed()}`, { cause: error });
  } finally {
    await server.stop();
  }
}

function listeningUrl(line) {
  if (!line.startsWith('{')) return undefined;
  const record = JSON.parse(line);
  return record.event === 'listening' ? record.url : undefined;
}

async function startRedis(cwd) {
  const port = await freePort();
  const redis = start('redis-server', ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], cwd);
  if (!(await redis.exists)) return undefined;
  await poll(redis, 'redis-server to accept', () => accepts(port));
  return { port, stop: redis.stop };
}

// A program with what it prints, and a bound on every wait for it.
function start(command, args, cwd) {
  const { PATH } = process.env;
  const child = spawn(command, args.map(String), { cwd, env: { PATH }, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines = [];
  const watchers = new Set();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      for (const watch of watchers) watch(line);
    });
  }
  const exists = new Promise((resolve) => {
    child.once('spawn', () => resolve(true)).once('error', () => resolve(false));
  });
  const ended = new Promise((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal));
  });

  const within = async (what, promise) => {
    const alarm = new AbortController();
    const tooLong = delay(LIMIT_MS, undefined, { signal: alarm.signal }).then(() => `not within ${LIMIT_MS} ms`);
    const early = ended.then((code) => `the program ended (${code})`);
    const failed = Promise.race([tooLong, early]).then((why) => Promise.reject(new Failure(`waited for ${what}: ${why}`)));
    failed.catch(() => {});
    try {
      return await Promise.race([promise, failed]);
    } finally {
      alarm.abort();
    }
  };
  return {
    exists,
    within,
    printed: () => lines.join('\n'),
    until(what, find) {
      const found = new Promise((resolve) => {
        const watch = (line) => {
          const value = find(line);
          if (value !== undefined) resolve(value);
        };
        watchers.add(watch);
        lines.forEach(watch);
      });
      return within(what, found);
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null && (await exists)) {
        child.kill('SIGTERM');
        const code = await Promise.race([ended, delay(LIMIT_MS, undefined, { ref: false })]);
        if (code === undefined) child.kill('SIGKILL');
      }
      return (await exists) ? ended : undefined;
    },
  };
}

function poll(program, what, probe) {
  const alarm = new AbortController();
  const asked = async () => {
    while (!alarm.signal.aborted && !(await probe())) await delay(POLL_MS);
  };
  return program.within(what, asked()).finally(() => alarm.abort());
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
  });
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
