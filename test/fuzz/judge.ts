import { isUtf8 } from 'node:buffer';
import { closeCodes } from '../../src/wire/close-codes.ts';
import { errorCatalogue } from '../../src/wire/errors.ts';
import { readAnswers, type HttpAnswer } from './http-answers.ts';
import type { Input } from './input.ts';
import { readFrames, type ServerFrame } from './frames-by-the-book.ts';

/** What must never leave the server but to whom it belongs, beside what tells of its inside. */
export type Secrets = readonly string[];

/** What the inside of the server looks like: stack traces, paths of its files. */
const inside = /(?:\n|\\n)\s+at \S|node_modules|file:\/\/\/|[/\\]dist[/\\]|\.[jt]s:\d+:\d+/;

/** Statuses that are no errors. */
const wellStatuses: readonly number[] = [100, 101, 200, 201, 202, 204, 302];

/** From here up a code may be the client's own, which is said back to it. */
const firstOwnCode = 3000;

/** Close codes of the protocol itself: a goodbye that is answered, and what `ws` says of frames that break it. */
const protocolCloseCodes: readonly number[] = [1000, 1001, 1002, 1003, 1007, 1009, 1010, 1011];

/** Holds one answer against what is promised of every answer. Undefined: nothing is wrong. */
export function judgeAnswer({ status, headers, body }: HttpAnswer, isWhole = true): string | undefined {
  if (wellStatuses.includes(status)) return undefined;
  if (status < 400 || status > 599) return `a status ${status}`;
  if (status >= 500 && status !== 503) return `a ${status}: ${body.toString('latin1', 0, 500)}`;
  if (status === 401 && headers.get('www-authenticate') !== 'Bearer') return 'a 401 without WWW-Authenticate';
  if ((status === 503 || status === 429) && !/^[1-9]\d*$/.test(headers.get('retry-after') ?? ''))
    return `a ${status} without Retry-After`;
  if (!isWhole) return undefined;
  if (!/^application\/json\b/.test(headers.get('content-type') ?? '')) return `a ${status} that is no JSON`;
  return judgeError(status, body);
}

function judgeError(status: number, body: Buffer): string | undefined {
  const code = codeOf(body);
  if (code === undefined) return `a ${status} without an error: ${body.toString('latin1', 0, 200)}`;
  if (!Object.hasOwn(errorCatalogue, code)) return `the error ${code}, which is not in the catalogue`;
  const stated = errorCatalogue[code as keyof typeof errorCatalogue].status;
  return stated === status ? undefined : `the error ${code} with ${status}, which is a ${stated}`;
}

function codeOf(body: Buffer): string | undefined {
  try {
    const { error } = JSON.parse(body.toString('utf8')) as { error?: { code?: unknown; message?: unknown } };
    return typeof error?.code === 'string' && typeof error.message === 'string' ? error.code : undefined;
  } catch {
    return undefined;
  }
}

/** Holds everything that came back for an input that had a connection of its own against what is promised. */
export function judgeConnection(received: Buffer): string | undefined {
  const read = readAnswers(received);
  if ('reason' in read) return read.reason;
  for (const answer of read.answers) {
    // An answer to HEAD has no body.
    const wrong = judgeAnswer(answer, answer.body.length > 0);
    if (wrong !== undefined) return wrong;
  }
  if (read.answers.at(-1)?.status !== 101) return undefined;
  const sent = readFrames(read.rest);
  if ('reason' in sent) return sent.reason;
  for (const frame of sent.frames) {
    const wrong = judgeFrame(frame);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function judgeFrame({ opcode, payload }: ServerFrame): string | undefined {
  if (opcode === 1) return isMessage(payload) ? undefined : `the frame ${payload.toString('latin1', 0, 200)}`;
  if (opcode !== 8 || payload.length === 0) return undefined;
  if (payload.length === 1) return 'a close frame of one byte';
  const code = payload.readUInt16BE(0);
  const isOwn = code >= firstOwnCode && code < 5000;
  const known = isOwn || protocolCloseCodes.includes(code) || Object.values<number>(closeCodes).includes(code);
  if (code === 1011) return 'the close code 1011, a fault of the server';
  return known && isUtf8(payload.subarray(2)) ? undefined : `the close code ${code}`;
}

/** An event, or a message in one of its two forms. */
function isMessage(payload: Buffer): boolean {
  if (!isUtf8(payload)) return false;
  try {
    const frame = JSON.parse(payload.toString('utf8')) as object | null;
    if (typeof frame !== 'object' || frame === null) return false;
    return 'event' in frame || ('types' in frame && 'msg' in frame && 'time' in frame);
  } catch {
    return false;
  }
}

/** Whether bytes that left the server, or a line of its log, hold what nobody may see. */
export function judgeSecrecy(text: string, secrets: Secrets): string | undefined {
  const found = secrets.find((secret) => text.includes(secret));
  if (found !== undefined) return `the secret ${found.slice(0, 12)}…`;
  const match = inside.exec(text);
  return match === null ? undefined : `the inside of the server: ${match[0]}`;
}

/** True where Node itself ends a connection without an answer, and may. */
export function mayBeUnanswered(input: Input): boolean {
  return input.kind === 'request' && input.method === 'CONNECT';
}

/** What Node says on stderr of the debugger by which the run asks for the size of the heap. */
const debuggerLine = /^(?:Debugger (?:listening on|attached|ending on)|For help, see|Waiting for the debugger)/;

/** Holds a line that the server printed against what it may print: its log, without an error and without a secret. */
export function judgeLine(line: string, secrets: Secrets): string | undefined {
  const told = judgeSecrecy(line, secrets);
  if (told !== undefined) return `it printed ${told}: ${line.slice(0, 500)}`;
  if (!line.startsWith('{')) return debuggerLine.test(line) ? undefined : `it printed ${line.slice(0, 500)}`;
  const level = Number(/"level":(\d+)/.exec(line)?.[1] ?? 0);
  return level >= 50 ? `it logged ${line.slice(0, 500)}` : undefined;
}
