import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { History } from '../chaos/history.ts';
import { endWith, type Scope } from '../support/cleanup.ts';
import { eventually, within } from '../support/deadline.ts';
import { plainEnvironment } from '../support/instance.ts';
import { eventKinds } from './listener-log.ts';
import type { Collected, ListenersState, Order, Reply } from './listeners-process.ts';

/** The listeners of a run, which live in another process. */
export interface Listeners {
  /** Connects one listener for each uid over `spreadMs`. */
  open(uids: readonly string[], spreadMs: number): Promise<void>;
  state(): Promise<ListenersState>;
  /** Resolves when all are connected and welcome. */
  allWelcome(limitMs: number): Promise<void>;
  /** Resolves with true when the newest message of all is this post; with false after `limitMs`. */
  allHave(seq: number, limitMs: number): Promise<boolean>;
  /** All lose their connections at once, and come back at once. */
  drop(): Promise<void>;
  /** Ends the listeners, and adds what they did and received to the history, once. */
  collect(): Promise<{ readonly longestStallMs: number; readonly cpuMs: number }>;
}

const ANSWER_MS = 30_000;
type Question = Order extends infer One ? (One extends Order ? Omit<One, 'ask'> : never) : never;

/** Starts the process; it ends with the scope. `url` is the door that all go through. */
export function startListeners(scope: Scope, history: History, url: string, jitterMs: number): Listeners {
  const child = fork(fileURLToPath(new URL('listeners-process.js', import.meta.url)), {
    serialization: 'advanced',
    execArgv: [],
    env: plainEnvironment(),
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  endWith(scope, async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const waiting = new Map<number, (value: Reply['value']) => void>();
  child.on('message', ({ ask, value }: Reply) => {
    waiting.get(ask)?.(value);
    waiting.delete(ask);
  });
  let asks = 0;
  const ask = (question: Question): Promise<Reply['value']> => {
    asks += 1;
    const order: Order = { ...question, ask: asks };
    const answered = new Promise<Reply['value']>((resolve, reject) => {
      waiting.set(order.ask, resolve);
      void exited.then(() => reject(new Error('the process of the listeners has ended')));
    });
    child.send(order);
    return within(answered, `the listeners to answer '${question.kind}'`, ANSWER_MS);
  };
  const state = async (seq = -2): Promise<ListenersState> => (await ask({ kind: 'state', seq })) as ListenersState;
  const count = (): number => history.clients.length;

  return {
    async open(uids, spreadMs) {
      for (const uid of uids) history.addClient(uid, ['notice']);
      await ask({ kind: 'open', tag: history.tag, url, uids, jitterMs, spreadMs });
    },
    state,
    async allWelcome(limitMs) {
      let welcome = 0;
      const probe = async (): Promise<true | undefined> => {
        ({ welcome } = await state());
        return welcome === count() || undefined;
      };
      await eventually(probe, () => `${count() - welcome} of ${count()} listeners to connect`, limitMs);
    },
    async allHave(seq, limitMs) {
      const probe = async (): Promise<true | undefined> => (await state(seq)).upToDate === count() || undefined;
      return eventually(probe, 'the last message to arrive', limitMs).catch(() => false);
    },
    async drop() {
      await ask({ kind: 'drop' });
    },
    async collect() {
      const { columns, stalls, cpuMs } = (await ask({ kind: 'collect' })) as Collected;
      copy(columns, history);
      return { longestStallMs: Math.max(0, ...stalls.map(({ lengthMs }) => lengthMs)), cpuMs };
    },
  };
}

function copy(columns: Collected['columns'], history: History): void {
  const { listeners, kinds, times, mids, values, ids } = columns;
  for (const [index, listener] of listeners.entries()) {
    const client = history.clients[listener];
    const kind = eventKinds[kinds[index] ?? -1];
    if (client === undefined || kind === undefined) throw new RangeError(`event ${index} is of nobody, or of no kind`);
    const atMs = times[index] ?? 0;
    const mid = mids[index] ?? 0;
    const value = values[index] ?? 0;
    if (kind === 'frame') history.addFrame(client, atMs, mid, value, ids.get(value) ?? '');
    else client.add(kind, atMs, mid, value);
  }
  history.otherIds.push(...columns.otherIds);
  history.strangers.push(...columns.strangers);
}
