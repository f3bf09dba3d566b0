import type { Scope } from '../support/cleanup.ts';
import { within } from '../support/deadline.ts';
import { post } from '../support/post.ts';
import { request } from '../support/request.ts';
import { connectWs } from '../support/ws-client.ts';
import type { Setup } from './setups.ts';

export interface HonestOptions {
  readonly setup: Setup;
  readonly url: string;
  readonly adminUrl: string;
  readonly patienceMs: number;
}

/** Somebody who uses the server as it is meant, beside all that is thrown at it. */
export interface Honest {
  /** What is posted to its uid alone, and must be seen by nobody else. */
  readonly secret: string;
  /** A post reaches the listener, once and in order; health and statistics answer. Undefined: so it is. */
  round(): Promise<string | undefined>;
}

/** Opens a listener of a uid that no input has, which stays connected for the whole run. */
export async function openHonest(scope: Scope, { setup, url, adminUrl, patienceMs }: HonestOptions): Promise<Honest> {
  const { uid } = setup;
  const secret = `for ${uid} alone`;
  const listener = await connectWs(scope, `${url.replace(/^http/, 'ws')}/ws?uid=${uid}&types=honest&mid=`, {
    headers: setup.listening,
  });
  await listener.next();
  let posted = 0;

  const round = async (): Promise<string | undefined> => {
    posted += 1;
    const envelope = { topic: 'uids', topic_ids: [uid], types: 'honest', msg: `${secret} ${posted}` };
    const answer = await post(url, envelope, { headers: setup.posting, timeoutMs: patienceMs });
    if (answer.status !== 202) return `an honest post was answered ${answer.status}: ${answer.text}`;
    const got = (await within(listener.next(), 'its message', patienceMs)) as { msg?: unknown };
    if (got.msg !== envelope.msg)
      return `the honest listener got ${JSON.stringify(got).slice(0, 300)}, not its message ${posted}`;
    if (!listener.isOpen()) return 'the honest listener was disconnected';
    for (const page of [`${url}/healthz`, `${url}/readyz`, `${adminUrl}/stats`]) {
      const { status, text } = await request(page, { headers: setup.administering, timeoutMs: patienceMs });
      if (status !== 200) return `${page} answered ${status}: ${text}`;
    }
    return undefined;
  };
  return {
    secret,
    round: () => round().catch((error: unknown) => `an honest one was not served: ${String(error)}`),
  };
}
