import { ClientSocket } from './client-socket.ts';
import { goodbye } from './frame-shapes.ts';
import { readAnswer, type ReadAnswer } from './http-answers.ts';
import type { BytesInput, Door, Input, ListenerInput, RequestInput } from './input.ts';
import { judgeAnswer, judgeConnection, judgeSecrecy, mayBeUnanswered, type Secrets } from './judge.ts';
import type { Purse } from './purse.ts';
import type { Tally } from './tally.ts';

export interface LaneOptions {
  /** Where the listeners of the server under test are. */
  readonly urls: Readonly<Record<Door, string>>;
  readonly secrets: Secrets;
  readonly tally: Tally;
  readonly purse: Purse;
  /** What has neither been answered nor ended after that time hangs. */
  readonly patienceMs: number;
}

/** Sends inputs one after the other, and says of each whether what came back is as promised. */
export class Lane {
  readonly #options: LaneOptions;
  readonly #kept: Partial<Record<Door, ClientSocket>> = {};

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** Undefined: nothing is wrong. */
  async send(input: Input): Promise<string | undefined> {
    try {
      if (input.kind === 'request') return await this.#request(input);
      return await (input.kind === 'bytes' ? this.#bytes(input) : this.#listener(input));
    } catch (error) {
      return `the server is not there: ${String(error)}`;
    }
  }

  end(): void {
    for (const socket of Object.values(this.#kept)) socket.destroy();
  }

  async #request(input: RequestInput): Promise<string | undefined> {
    const { door, method, bytes, cuts } = input;
    const socket = await this.#keptSocket(door);
    await socket.send(bytes, cuts);
    const read = await socket.until(
      () => settled(readFinal(socket.received, method), socket),
      this.#options.patienceMs,
    );
    if (read === undefined) return 'no whole answer, and the connection stays open';
    if (read.kind === 'wrong') return read.reason;
    if (read.kind === 'part') {
      this.#drop(door);
      const was = socket.received.toString('latin1', 0, 200);
      return mayBeUnanswered(input) ? undefined : `no answer (${socket.state}); it sent ${JSON.stringify(was)}`;
    }
    const { answer, rest } = read;
    this.#options.tally.count(answer.status);
    if (answer.status === 201) this.#options.purse.keep(answer.body.toString('latin1'));
    const wrong =
      judgeAnswer(answer, method !== 'HEAD') ??
      judgeSecrecy(socket.received.toString('latin1'), this.#options.secrets) ??
      (answer.status !== 101 && answer.status !== 400 && rest.length > 0 ? 'bytes that nobody asked for' : undefined);
    socket.keepOnly(rest);
    if (answer.status === 101 || answer.status === 400 || answer.headers.get('connection') === 'close')
      this.#drop(door);
    return wrong;
  }

  async #keptSocket(door: Door): Promise<ClientSocket> {
    const kept = this.#kept[door];
    if (kept?.state === 'open') return kept;
    this.#drop(door);
    const opened = await ClientSocket.open(this.#options.urls[door]);
    this.#kept[door] = opened;
    return opened;
  }

  #drop(door: Door): void {
    this.#kept[door]?.destroy();
    delete this.#kept[door];
  }

  async #bytes({ door, bytes, cuts }: BytesInput): Promise<string | undefined> {
    const socket = await ClientSocket.open(this.#options.urls[door]);
    await socket.send(bytes, cuts);
    socket.end();
    return this.#ended(socket);
  }

  async #listener({ handshake, frames, isAtOnce, ending }: ListenerInput): Promise<string | undefined> {
    const { urls, patienceMs, purse } = this.#options;
    const socket = await ClientSocket.open(urls.public);
    const said = Buffer.concat([...frames, ...(ending === 'goodbye' ? [goodbye] : [])]);
    const asked = purse.fill(handshake);
    await socket.send(isAtOnce ? Buffer.concat([asked, said]) : asked);
    const hasBody = !handshake.toString('latin1', 0, 5).startsWith('HEAD ');
    const answered = await socket.until(() => settled(readAnswer(socket.received, hasBody), socket), patienceMs);
    if (answered === undefined) {
      socket.destroy();
      return 'an upgrade without an answer';
    }
    if (answered.kind === 'answer' && answered.answer.status === 101) {
      if (!isAtOnce) await socket.send(said);
      if (ending === 'reset') {
        const wrong = this.#judge(socket);
        socket.destroy();
        return wrong;
      }
    }
    socket.end();
    return this.#ended(socket);
  }

  /** Waits for the server to end the connection, and judges all that came. */
  async #ended(socket: ClientSocket): Promise<string | undefined> {
    const over = await socket.until(() => (socket.state === 'open' ? undefined : true), this.#options.patienceMs);
    const wrong = over === undefined ? 'the connection stays open' : this.#judge(socket);
    socket.destroy();
    return wrong;
  }

  #judge(socket: ClientSocket): string | undefined {
    const { secrets, tally } = this.#options;
    const text = socket.received.toString('latin1');
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1];
    tally.count(status === undefined ? 0 : Number(status));
    return judgeConnection(socket.received) ?? judgeSecrecy(text, secrets);
  }
}

/** The first answer that is no interim one (100 Continue). */
function readFinal(bytes: Buffer, method: string): ReadAnswer {
  const read = readAnswer(bytes, method !== 'HEAD');
  if (read.kind === 'answer' && read.answer.status < 200 && read.answer.status !== 101)
    return readFinal(read.rest, method);
  return read;
}

/** A part of an answer counts only when no more can come. */
function settled(read: ReadAnswer, socket: ClientSocket): ReadAnswer | undefined {
  return read.kind === 'part' && socket.state === 'open' ? undefined : read;
}
