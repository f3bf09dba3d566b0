import { setTimeout as delay } from 'node:timers/promises';
import { createRedisConnection, RedisError, type RedisLog, type RedisSettings } from '../journal/redis-connection.ts';
import { Asked } from './asked.ts';
import { readAsk, readReply, type AskText, type ReplyText } from './control-text.ts';
import { Handlers, readAnswers } from './handlers.ts';
import type { Peers } from './peers.ts';

export interface RedisPeersDeps {
  /** The name of this instance: no other one of the deployment has it. Letters, digits, `_` and `-`. */
  readonly instance: string;
  readonly log: RedisLog;
}

export interface RedisPeersOptions {
  readonly settings: RedisSettings;
  /** First part of every channel. Deployments that share a Redis differ in it. */
  readonly prefix: string;
  /** The longest that a command waits for Redis. */
  readonly deadlineMs: number;
  /** The longest that a question waits for the other instances. */
  readonly waitMs?: number;
}

/** An instance that takes longer to look something up in its memory hangs. */
const usualWaitMs = 500;

/** How often both connections must show that Redis answers: an idle one does not notice that its peer has gone. */
const probeEveryMs = 5000;

/** The wait before the channels are subscribed to again after a failure: it grows from the one to the other. */
const firstPauseMs = 250;
const longestPauseMs = 10_000;

/**
 * The instances that share a Redis, over one control channel: a question is PUBLISHed, which says how many hear it, and each answers on
 * the channel of the instance that asked. Neither is stored: who was away was not asked.
 */
export function createRedisPeers({ instance, log }: RedisPeersDeps, options: RedisPeersOptions): Peers {
  const { settings, prefix, deadlineMs, waitMs = usualWaitMs } = options;
  const control = `${prefix}:control`;
  const replies = `${control}:${instance}`;
  const handlers = new Handlers();
  const asked = new Asked(waitMs);
  const stopping = new AbortController();
  let isSubscribed = false;
  let prober: NodeJS.Timeout | undefined;

  const connect = (onReady: () => void, onLost: () => void) =>
    createRedisConnection({ onReady, onLost, onChange: noop }, { settings, deadlineMs });
  const publisher = connect(noop, noop);
  const subscriber = connect(
    () => void subscribe(),
    () => (isSubscribed = false),
  );
  subscriber.redis.on('message', (channel: string, text: string) => {
    if (channel === control) heard(text);
    else replied(text);
  });

  async function subscribe(): Promise<void> {
    let pauseMs = firstPauseMs;
    while (subscriber.redis.status === 'ready' && !stopping.signal.aborted) {
      try {
        await subscriber.run((redis) => redis.subscribe(control, replies));
        isSubscribed = true;
        return;
      } catch (error) {
        if (error instanceof RedisError && error.reply !== undefined && pauseMs === firstPauseMs) {
          log.warn({ event: 'peers.deaf', channel: control, reason: error.message });
        }
        await delay(pauseMs, undefined, { signal: stopping.signal }).catch(noop);
        pauseMs = Math.min(longestPauseMs, 2 * pauseMs);
      }
    }
  }

  function publish(channel: string, text: AskText | ReplyText): Promise<number> {
    return publisher.run((redis) => redis.publish(channel, JSON.stringify(text)));
  }

  function heard(text: string): void {
    const ask = readAsk(text);
    if (ask === undefined || ask.from === instance) return;
    const reply = { from: instance, reply: ask.ask, answer: answerTo(ask) };
    // Who asked waits no longer than `waitMs`, so an answer that cannot be sent now is not sent later.
    publish(`${control}:${ask.from}`, reply).catch(noop);
  }

  /** A handler that fails has no answer; those of the other instances are better than none. */
  function answerTo({ name, about }: AskText): unknown {
    try {
      return handlers.answer(name, about);
    } catch {
      return null;
    }
  }

  function replied(text: string): void {
    const reply = readReply(text);
    if (reply !== undefined && reply.from !== instance) asked.replied(reply.reply, reply.from, reply.answer);
  }

  function probe(): void {
    publisher.run((redis) => redis.ping()).catch(noop);
    if (isSubscribed) subscriber.run((redis) => redis.ping()).catch(noop);
  }

  return {
    start() {
      publisher.open();
      subscriber.open();
      prober = setInterval(probe, probeEveryMs).unref();
      return Promise.resolve();
    },
    handle: (question, handler) => handlers.add(question, handler),
    async ask(question, about) {
      let others = 0;
      const answers = await asked.ask(async (ask) => {
        const hearing = await publish(control, { from: instance, ask, name: question.name, about });
        others = isSubscribed ? hearing - 1 : hearing;
        // Without its own channel this instance is told of no answer.
        return isSubscribed ? others : 0;
      });
      // This instance knows its own answer also when Redis does not bring its question back.
      const own = handlers.answer(question.name, about);
      return { answers: readAnswers(question, [own, ...answers.values()]), instances: others + 1 };
    },
    async stop() {
      clearInterval(prober);
      stopping.abort();
      await Promise.all([publisher.close(), subscriber.close()]);
    },
  };
}

function noop(): void {}
