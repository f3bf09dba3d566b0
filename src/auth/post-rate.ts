import RateLimiterMemory from 'rate-limiter-flexible/lib/RateLimiterMemory.js';
import type { SendKey } from '../config/send-keys.ts';
import type { Refused } from './listener-auth.ts';

/** A limit on the posts of a second. The second begins with the first post in it. */
interface Limit {
  readonly limiter: RateLimiterMemory;
  readonly posts: number;
  /** `the 10 posts a second of the key shop (its rate)`. */
  readonly words: string;
}

/** All posts of a limit are counted together. */
const counted = 'posts';

const seconds = 1;

/** How many posts a second may come: by each key, and from all together. */
export class PostRate {
  readonly #ofKey = new Map<string, Limit>();
  readonly #inTotal: Limit | undefined;

  /** `maxPosts` 0: as many as come. */
  constructor(keys: readonly Pick<SendKey, 'name' | 'rate'>[], maxPosts: number) {
    for (const { name, rate } of keys)
      if (rate > 0) this.#ofKey.set(name, limitOf(rate, `posts a second of the key ${name} (its rate)`));
    if (maxPosts > 0)
      this.#inTotal = limitOf(maxPosts, 'posts a second that are taken from all together (--max-posts)');
  }

  /** Whether there is anything to count. */
  get isOn(): boolean {
    return this.#ofKey.size > 0 || this.#inTotal !== undefined;
  }

  /**
   * Counts so many posts, of a key or of anybody, or refuses all of them and counts none: a batch that is refused leaves room for
   * what would have passed without it.
   */
  async take(keyName: string | null, posts: number): Promise<Refused | undefined> {
    const limits = [keyName === null ? undefined : this.#ofKey.get(keyName), this.#inTotal];
    for (const limit of limits) {
      const refused = limit && (await full(limit, posts));
      if (refused !== undefined) return refused;
    }
    for (const limit of limits) await limit?.limiter.consume(counted, posts).catch(() => {});
    return undefined;
  }
}

function limitOf(posts: number, of: string): Limit {
  return { limiter: new RateLimiterMemory({ points: posts, duration: seconds }), posts, words: `the ${posts} ${of}` };
}

async function full({ limiter, posts: most, words }: Limit, posts: number): Promise<Refused | undefined> {
  if (posts > most) {
    return { ok: false, code: 'forbidden', message: `A batch of ${posts} is more than ${words}: send it in parts.` };
  }
  const now = await limiter.get(counted);
  if (now === null || now.msBeforeNext <= 0 || now.remainingPoints >= posts) return undefined;
  const retryAfterSeconds = Math.ceil(now.msBeforeNext / 1000);
  return { ok: false, code: 'rate_exceeded', message: `This is more than ${words}.`, retryAfterSeconds };
}
