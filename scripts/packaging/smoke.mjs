// Does what was built work? A notification goes through it, by each queue.

import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { Failure, root } from '../project.mjs';
import { startProgram } from './program.mjs';

/**
 * Starts `command serve` in an empty folder once for each queue, and sends a notification from a backend to a listener.
 * Returns the queues that were tried: without a redis-server in PATH, only the list. Throws Failure with what the server
 * printed when the notification did not arrive within 30 s, the demo was not served, or SIGTERM did not end it well.
 */
export async function smoke(command) {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-smoke-'));
  try {
    await tryQueue(command, 'list', folder);
    await tryDataDir(command, folder);
    const redis = await startRedis(folder);
    if (redis === undefined) return ['list'];
    try {
      for (const queue of ['redis', 'bullmq']) await tryQueue(command, `${queue}/127.0.0.1:${redis.port}`, folder);
    } finally {
      await redis.stop();
    }
    return ['list', 'redis', 'bullmq'];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tryQueue(command, queue, cwd) {
  const server = await startProgram(command, ['serve', '--port=0', '--admin-port=0', `--queue=${queue}`], cwd);
  try {
    const url = await server.line('the server to listen', listeningUrl);
    await server.poll('the server to be ready', async () => (await fetch(`${url}/readyz`)).ok);
    await readDemo(url);
    await deliver(server, url, `by ${queue}`);
    const code = await server.stop();
    if (code !== 0) throw new Failure(`SIGTERM ended the server with ${code}`);
  } catch (error) {
    const reason = error.cause?.message ?? '';
    throw new Failure(`queue ${queue}: ${error.message} ${reason}\n${server.printed()}`, { cause: error });
  } finally {
    await server.stop();
  }
}

// What was accepted is there when it is started again.
async function tryDataDir(command, cwd) {
  const msg = 'on disk';
  for (const isFirst of [true, false]) {
    const server = await startProgram(command, ['serve', '--port=0', '--admin-port=0', '--data-dir=data'], cwd);
    try {
      const url = await server.line('the server to listen', listeningUrl);
      await server.poll('the server to be ready', async () => (await fetch(`${url}/readyz`)).ok);
      if (isFirst) await deliver(server, url, msg);
      await readKept(server, url, msg);
      const code = await server.stop();
      if (code !== 0) throw new Failure(`SIGTERM ended the server with ${code}`);
    } catch (error) {
      throw new Failure(`--data-dir: ${error.message}\n${server.printed()}`, { cause: error });
    } finally {
      await server.stop();
    }
  }
}

function listeningUrl(line) {
  if (!line.startsWith('{')) return undefined;
  const record = JSON.parse(line);
  return record.event === 'listening' ? record.url : undefined;
}

async function readDemo(url) {
  const answer = await fetch(`${url}/demo/`);
  const page = await answer.text();
  if (!answer.ok || page !== readFileSync(join(root, 'demo/index.html'), 'utf8')) {
    throw new Failure(`/demo/ is not the demo page: ${answer.status} ${page.slice(0, 200)}`);
  }
}

async function deliver(server, url, msg) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws?uid=smoke`);
  try {
    await server.within('the WebSocket to open', once(socket, 'open'));
    const arrived = once(socket, 'message');
    arrived.catch(() => {});
    const answer = await fetch(`${url}/send`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ topic: 'uids', topic_ids: ['smoke'], msg }),
    });
    if (answer.status !== 202) throw new Failure(`POST /send: ${answer.status} ${await answer.text()}`);
    const [frame] = await server.within('the notification to arrive', arrived);
    if (JSON.parse(frame).msg !== msg) throw new Failure(`this arrived instead of '${msg}': ${frame}`);
  } finally {
    socket.terminate();
  }
}

async function readKept(server, url, msg) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws?uid=smoke&mid=1`);
  try {
    const frames = [];
    socket.on('message', (frame) => frames.push(JSON.parse(frame)));
    await server.within('the WebSocket to open', once(socket, 'open'));
    await server.poll('the message that is kept', () => frames.some((frame) => frame.msg === msg));
  } finally {
    socket.terminate();
  }
}

async function startRedis(cwd) {
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  try {
    const redis = await startProgram('redis-server', args, cwd);
    await redis.poll('redis-server to accept', () => accepts(port));
    return { port, stop: redis.stop };
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
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
