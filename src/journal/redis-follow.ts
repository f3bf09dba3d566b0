import type { Entry } from './journal.ts';
import type { Announcement } from './redis-record.ts';

/** Where the log stands: its newest mid, and the mid above which it is complete. */
export interface LogPosition {
  readonly head: number;
  readonly since: number;
}

/** The oldest kept entries above a mid, some at a time. */
export interface LogPage {
  /** The mid above which the log was complete when this was read. */
  readonly since: number;
  readonly entries: readonly Entry[];
  /** Where the next page begins; undefined: there is none. */
  readonly last: number | undefined;
}

export interface FollowDeps {
  /** Asks the store. What was announced before the call is at or below `head`. The store's head is never below `floor` after it. */
  readonly position: (floor: number) => Promise<LogPosition>;
  readonly page: (after: number) => Promise<LogPage>;
  /** Told the mid that everything follows on, once, before anything else. */
  readonly onStart: (head: number) => void;
  readonly deliver: (entries: readonly Entry[]) => void;
  /** The entries above `after`, up to `since`, are no longer kept and were not delivered. */
  readonly onGap: (after: number, since: number) => void;
  /** Waits before the store is asked again after a failure. */
  readonly pause: () => Promise<void>;
  /** Called when `isLive` has changed. */
  readonly onChange: () => void;
}

/** The most announcements that wait while the log is read. More are dropped: they are in the log. */
const maxQueued = 1000;

/**
 * Turns announcements, which may be lost or late, into every entry once and in order. While one follows on another they are
 * handed on as they come. After a hole, and after every new subscription, what is missing is read from the log first.
 */
export function createFollowing({ position, page, onStart, deliver, onGap, pause, onChange }: FollowDeps) {
  let lastSeen = 0;
  let isStarted = false;
  let isLive = false;
  let queued: Announcement[] = [];
  let hasDropped = false;
  // Each catch-up has its own number: one that was overtaken by a loss or a new one stops at its next step.
  let run = 0;

  function setLive(live: boolean): void {
    if (isLive === live) return;
    isLive = live;
    onChange();
  }

  /** False: it stands after a hole. */
  function take({ before, entries }: Announcement): boolean {
    if (before > lastSeen) return false;
    const last = entries.at(-1)?.mid ?? before;
    if (last <= lastSeen) return true;
    const fresh = before === lastSeen ? entries : entries.filter(({ mid }) => mid > lastSeen);
    lastSeen = last;
    deliver(fresh);
    return true;
  }

  function noteSince(since: number): void {
    if (since <= lastSeen) return;
    const after = lastSeen;
    lastSeen = since;
    onGap(after, since);
  }

  async function readTo(head: number, isCurrent: () => boolean): Promise<void> {
    while (lastSeen < head) {
      const { since, entries, last } = await page(lastSeen);
      if (!isCurrent()) return;
      if (since > lastSeen) {
        // The log was trimmed since its position was asked, and is read from there on.
        noteSince(since);
        continue;
      }
      if (last === undefined) break;
      lastSeen = last;
      if (entries.length > 0) deliver(entries);
    }
    // Nothing is kept between the last entry and the head: the head was raised, or the newest entries are gone again.
    lastSeen = Math.max(lastSeen, head);
  }

  /** True when nothing is missing any more. */
  async function read(isCurrent: () => boolean): Promise<boolean> {
    queued = [];
    hasDropped = false;
    const { head, since } = await position(lastSeen);
    if (!isCurrent()) return false;
    if (!isStarted) {
      isStarted = true;
      lastSeen = head;
      onStart(head);
    }
    noteSince(since);
    await readTo(head, isCurrent);
    if (!isCurrent() || hasDropped) return false;
    const announcements = queued;
    queued = [];
    return announcements.every(take);
  }

  async function catchUp(): Promise<void> {
    run += 1;
    const mine = run;
    const isCurrent = (): boolean => run === mine;
    setLive(false);
    while (isCurrent()) {
      try {
        if (await read(isCurrent)) return setLive(true);
      } catch {
        // What is wrong with the store, its connection says.
        await pause();
      }
    }
  }

  return {
    /** What came over the channel; undefined for what is not an announcement, which may have been one. */
    announced(announcement: Announcement | undefined): void {
      if (isLive) {
        if (announcement === undefined || !take(announcement)) void catchUp();
      } else if (announcement === undefined || queued.length >= maxQueued) {
        hasDropped = true;
      } else {
        queued.push(announcement);
      }
    },
    /** To be called after each subscription, and only then. */
    subscribed: catchUp,
    /** To be called when the subscription is lost or ends: until the next one nothing is read or delivered. */
    lost(): void {
      run += 1;
      queued = [];
      setLive(false);
    },
    isLive: () => isLive,
    lastSeen: () => lastSeen,
  };
}
