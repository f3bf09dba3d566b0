import { createHash } from 'node:crypto';

/** A Lua script and the name under which Redis keeps it. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

export function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

/** The names of a deployment in Redis. Each begins with its prefix, so that a prefix with braces puts all into one slot. */
export interface JournalKeys {
  /** Hash: `head`, `since`, `cut` (up to which nothing is kept) and `bytes`, the bytes ever appended. */
  readonly state: string;
  /**
   * Stream: the entries, `<mid>-0`, with the fields e, the entry's uids, meta and push as lines, and b, the bytes appended before it.
   */
  readonly log: string;
  /** List: the mids of the entries to all, the newest last. */
  readonly all: string;
  /** Sorted set: the uids by their ack cursors. */
  readonly acks: string;
  /** Channel: announcements. */
  readonly news: string;
  /**
   * What the mailbox of each uid begins with, a list like `all`. When more was there, the first item of such a list is negative: the
   * mid of the newest entry that it lost to its bound.
   */
  readonly mailbox: string;
  /**
   * What each id begins with, a string `<mid> <fingerprint>`. In the place of the mid: 0, claimed by a queue and not appended yet; x,
   * cancelled before that, so that the append drops it.
   */
  readonly id: string;
  /** What each unit begins with: it exists when that unit was appended. */
  readonly unit: string;
}

export function journalKeys(prefix: string): JournalKeys {
  return {
    state: `${prefix}:state`,
    log: `${prefix}:log`,
    all: `${prefix}:all`,
    acks: `${prefix}:acks`,
    news: `${prefix}:news`,
    mailbox: `${prefix}:m:`,
    id: `${prefix}:i:`,
    unit: `${prefix}:j:`,
  };
}

/** The key of one id. */
export function idKey(prefix: string, id: string): string {
  return journalKeys(prefix).id + id;
}
