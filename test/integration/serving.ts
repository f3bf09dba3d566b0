import assert from 'node:assert/strict';
import type { Scope } from '../support/cleanup.ts';
import { eventually, within } from '../support/deadline.ts';
import { startInstance, type Instance, type InstanceOptions } from '../support/instance.ts';
import { post } from '../support/post.ts';
import type { RawSocket } from '../support/raw-socket.ts';
import { request, type Answer } from '../support/request.ts';
import { connectWs } from '../support/ws-client.ts';
import { errorCatalogue, type ErrorBody, type ErrorCode } from '../../src/wire/errors.ts';

export interface Stats {
  readonly gauges: { readonly connections: number; readonly uids: number; readonly mid: number };
  readonly counters: Readonly<Record<string, number>>;
}

/** A server of which it can be shown that it goes on serving. */
export interface Serving extends Instance {
  stats(): Promise<Stats>;
  /** Resolves once `holds` is true of the statistics. */
  until(holds: (stats: Stats) => boolean, what: string): Promise<Stats>;
  /** An honest post reaches an honest client: what came before has harmed nothing. */
  serves(): Promise<void>;
}

/** Starts a server with one honest client on it, which stays connected. */
export async function startServing(scope: Scope, options: InstanceOptions = {}): Promise<Serving> {
  const instance = await startInstance(scope, options);
  const honest = await connectWs(scope, `${instance.wsUrl}/ws?uid=honest&types=honest`);
  let posts = 0;
  const stats = async (): Promise<Stats> => (await request(`${instance.adminUrl}/stats`)).json as Stats;
  return {
    ...instance,
    stats,
    until: (holds, what) =>
      eventually(async () => {
        const now = await stats();
        return holds(now) ? now : undefined;
      }, what),
    async serves() {
      posts += 1;
      const msg = `honest ${posts}`;
      const answer = await post(instance.url, { topic: 'uids', topic_ids: ['honest'], types: 'honest', msg });
      assert.equal(answer.status, 202, answer.text);
      assert.equal(((await honest.next()) as { msg: string }).msg, msg);
      assert.equal(honest.frames.length, posts, 'nobody else has posted to the honest client');
    },
  };
}

/** Checks that an answer is this error of the catalogue, whole and in the one shape, and gives its body. */
export function assertError(answer: Omit<Answer, 'json'>, code: ErrorCode): ErrorBody['error'] {
  const { status, retryable } = errorCatalogue[code];
  assert.equal(answer.status, status, `${code}: ${answer.text}`);
  assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8');
  assert.equal(answer.headers['content-length'], String(Buffer.byteLength(answer.text)));
  const body = JSON.parse(answer.text) as ErrorBody;
  assert.deepEqual(Object.keys(body), ['error']);
  assert.equal(body.error.code, code, answer.text);
  assert.match(body.error.message, /^\S[^]*\S[.!?]?$/);
  assert.deepEqual(
    Object.keys(body.error).filter((key) => !['code', 'message', 'details'].includes(key)),
    [],
  );
  if (status === 503) {
    assert.ok(retryable);
    assert.match(String(answer.headers['retry-after']), /^[1-9]\d*$/);
  }
  return body.error;
}

/** Everything that a raw socket received, once the server has ended the connection. */
export function ended({ closed, received }: RawSocket): Promise<Buffer> {
  return within(closed, () => `the end of the connection; received: ${received().toString('latin1').slice(-500)}`);
}

/** Reads the whole HTTP answers, in ASCII, of what a raw socket received. */
export function readAnswers(received: string): Answer[] {
  const answers: Answer[] = [];
  let rest = received;
  for (;;) {
    const headEnd = rest.indexOf('\r\n\r\n');
    if (headEnd < 0) return answers;
    const [statusLine = '', ...lines] = rest.slice(0, headEnd).split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    const length = Number(headers['content-length'] ?? 0);
    const text = rest.slice(headEnd + 4, headEnd + 4 + length);
    if (text.length < length) return answers;
    answers.push({ status: Number(statusLine.split(' ')[1]), headers, text, json: undefined });
    rest = rest.slice(headEnd + 4 + length);
  }
}
