import type { SendKey } from '../config/send-keys.ts';
import { ApiKeys, presentsKey, unauthenticated } from './api-keys.ts';
import type { Presented, Refused } from './listener-auth.ts';
import { PostRate } from './post-rate.ts';
import { idPrefixOf, outOfScope, type OutOfScope, type Posted } from './send-scope.ts';
import { findSigner, isSigned, verifySignature, type Claim } from './signatures.ts';

/** What became of the posts of one key, in messages and in refused posts. */
export interface KeyCount {
  accepted: number;
  refused: number;
}

/** Who posts. */
export interface Sender {
  readonly ok: true;
  /** Null: nobody is asked. */
  readonly key: SendKey | null;
  /** What it says it has signed; null: it has presented its key. */
  readonly claim: Claim | null;
  /** What the ids begin with that it chooses. */
  readonly idPrefix: string;
  readonly count: KeyCount;
}

/** That a body is its sender's. */
export interface Vouched {
  readonly ok: true;
  /** The id that it has where its sender chose none; undefined: it needs none. */
  readonly id: string | undefined;
}

/** Who may post what, and how much. */
export interface SenderAuth {
  /** False: whoever comes may post whatever it likes. Then the rest is not used. */
  readonly isOn: boolean;
  /** Whether a sender is asked who it is. */
  readonly asksWho: boolean;
  /** Who posts, by the headers alone: nothing of a body is read for anybody else. */
  identify(headers: Presented['headers']): Sender | Refused;
  /** Whether the sender has signed this, where it signs. */
  vouch(sender: Sender, headers: Presented['headers'], body: Uint8Array): Vouched | Refused;
  /** Counts so many posts, or refuses them. Never rejects. */
  take(sender: Sender, posts: number): Promise<Refused | undefined>;
  /** Why the sender may not post these; undefined: it may. */
  forbid(sender: Sender, posted: readonly Posted[], isBatch: boolean): OutOfScope | undefined;
  /** By the names of the keys. */
  readonly counts: Readonly<Record<string, KeyCount>>;
}

export interface SenderAuthOptions {
  readonly keys: readonly SendKey[];
  /** Most posts a second of all together; 0: as many as come. */
  readonly maxPosts: number;
}

/** Whoever comes, where nobody is asked. */
export const anybody: Sender = { ok: true, key: null, claim: null, idPrefix: '', count: { accepted: 0, refused: 0 } };

const unasked = { ok: true, id: undefined } as const;

/** `now`: Unix ms. */
export function createSenderAuth({ keys, maxPosts }: SenderAuthOptions, now: () => number): SenderAuth {
  const apiKeys = new ApiKeys(keys, now);
  const rate = new PostRate(keys, maxPosts);
  const senders = new Map<SendKey, Sender>();
  for (const key of keys) {
    const count = { accepted: 0, refused: 0 };
    senders.set(key, { ok: true, key, claim: null, idPrefix: idPrefixOf(key), count });
  }
  const byKey = (key: SendKey): Sender | Refused => senders.get(key) ?? unauthenticated('This key is not known.');

  return {
    isOn: keys.length > 0 || rate.isOn,
    asksWho: keys.length > 0,
    identify(headers) {
      if (keys.length === 0) return anybody;
      if (!isSigned(headers)) {
        const presented = apiKeys.find(headers);
        return presented.ok ? byKey(presented.key) : presented;
      }
      if (presentsKey(headers)) return unauthenticated('There is a key, and Tidings-Key as well: send one of them.');
      const signer = findSigner(keys, headers, now());
      if (!signer.ok) return signer;
      const sender = byKey(signer.key.key);
      return sender.ok ? { ...sender, claim: signer.key.claim } : sender;
    },
    vouch: ({ claim }, headers, body) => (claim === null ? unasked : verifySignature({ claim, headers, body })),
    take: async ({ key }, posts) => (rate.isOn ? rate.take(key?.name ?? null, posts) : undefined),
    forbid: ({ key }, posted, isBatch) => (key === null ? undefined : outOfScope(key, posted, isBatch)),
    counts: Object.fromEntries([...senders.values()].map(({ key, count }) => [key?.name, count])),
  };
}
