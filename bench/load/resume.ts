import { connect, type Socket } from 'node:net';
import { FrameCounter, type FrameSink } from './frame-counter.ts';
import { uidOf, type LoadPlan } from './plan.ts';
import { cpuMicros, machineBusyMicros } from './proc-stat.ts';
import { nowMicros } from './stamp.ts';

export interface ResumeResult {
  readonly problems: string;
  /** From the first connection that comes back to the last message that the last of them had missed. */
  readonly seconds: number;
  readonly deliveries: number;
  readonly serverCpu: number;
  readonly foreignCpu: number;
}

/** Longer than any figure that would be of use. */
const DEADLINE_MS = 30_000;

/**
 * Every connection of the plan comes as a newcomer, is told where it stands and goes; `plan.missed` messages are posted, every other one
 * to all; then all come back at once.
 */
export async function runResume(plan: LoadPlan): Promise<ResumeResult> {
  const { port, connections, missed } = plan;
  const cursors: number[] = [];
  for (let first = 0; first < connections; first += 200) {
    const count = Math.min(200, connections - first);
    cursors.push(...(await Promise.all(Array.from({ length: count }, (_, index) => cursorOf(port, first + index)))));
  }
  await postMissed(port, connections, missed);

  const cpuBefore = cpuMicros(plan.serverPids);
  const storeBefore = cpuMicros(plan.storePids);
  const machineBefore = machineBusyMicros();
  const ownBefore = process.cpuUsage();
  const began = nowMicros();
  const returned = await Promise.all(cursors.map((cursor, index) => comeBack(port, index, cursor, missed)));
  const elapsedMicros = nowMicros() - began;
  const serverMicros = cpuMicros(plan.serverPids) - cpuBefore;
  const own = process.cpuUsage(ownBefore);
  const others = serverMicros + cpuMicros(plan.storePids) - storeBefore + own.user + own.system;
  const problems = returned.filter((problem) => problem !== '');
  return {
    problems: problems.length === 0 ? '' : `${problems.length} x, first: ${problems[0]}`,
    seconds: elapsedMicros / 1e6,
    deliveries: connections * missed,
    serverCpu: serverMicros / elapsedMicros,
    foreignCpu: Math.max(0, (machineBusyMicros() - machineBefore - others) / elapsedMicros),
  };
}

async function postMissed(port: number, connections: number, missed: number): Promise<void> {
  const everybody = Array.from({ length: connections }, (_, index) => String(uidOf(index)));
  for (let posted = 0; posted < missed; posted += 1) {
    const to = posted % 2 === 0 ? { topic: 'all' } : { topic: 'uids', topic_ids: everybody };
    const body = JSON.stringify({ ...to, msg: `missed ${posted} ${'x'.repeat(80)}` });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`http://127.0.0.1:${port}/send`, { method: 'POST', headers, body });
    if (answer.status !== 202) throw new Error(`a post failed: ${answer.status} ${await answer.text()}`);
    await answer.text();
  }
}

/** Connects as a newcomer, reads the welcome and goes. */
function cursorOf(port: number, index: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = open(port, index, '');
    let text = '';
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const mid = /"event":"welcome","mid":(\d+),/.exec(text)?.[1];
      if (mid === undefined) return;
      socket.destroy();
      resolve(Number(mid));
    });
  });
}

/** Resolves with what went wrong, or '' once everything that was missed is there: the welcome and `missed` messages. */
function comeBack(port: number, index: number, cursor: number, missed: number): Promise<string> {
  return new Promise((resolve) => {
    const sink: FrameSink = { untilSample: Infinity, sample() {}, control() {} };
    const counter = new FrameCounter(sink);
    const socket = open(port, index, String(cursor));
    let head = '';
    const finish = (problem: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(problem);
    };
    const timer = setTimeout(() => finish(`${counter.deliveries} of ${missed + 1} frames`), DEADLINE_MS);
    socket.on('error', (error) => finish(error.message));
    socket.on('close', () => finish('closed by the server'));
    socket.on('data', (chunk: Buffer) => {
      let at = 0;
      if (!head.includes('\r\n\r\n')) {
        const before = head.length;
        head += chunk.toString('latin1');
        const headEnd = head.indexOf('\r\n\r\n');
        if (headEnd < 0) return;
        at = headEnd + 4 - before;
        head = head.slice(0, headEnd + 4);
      }
      if (at === 0 || at < chunk.length) counter.push(chunk, at, chunk.length);
      if (counter.deliveries > missed + 1) finish('more than was missed');
      else if (counter.deliveries === missed + 1) finish('');
    });
  });
}

function open(port: number, index: number, cursor: string): Socket {
  const socket = connect({ host: '127.0.0.1', port, localAddress: `127.0.0.${1 + (index % 4)}`, noDelay: true });
  socket.write(
    `GET /ws?uid=${uidOf(index)}&mid=${cursor} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\n` +
      'Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  );
  return socket;
}
