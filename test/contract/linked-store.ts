import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createJournalServer } from '../../src/cluster/journal-server.ts';
import { createLinkSource } from '../../src/cluster/link-source.ts';
import { createLinkedJournal, type LinkedJournal } from '../../src/cluster/linked-journal.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { endWith, type Scope } from '../support/cleanup.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import type { JournalParts, JournalStore } from './journal-driver.ts';

/** Uids that the suites ask for without having appended anything for them. */
const askedUids = ['1', 'other'];

/**
 * A journal that is served to any number of links. Every journal watches the uids of what is appended by any of them, so that each is told
 * everything: what a suite expects of a follower.
 */
export async function openLinkedStore(scope: Scope, create: (parts: JournalParts) => Journal): Promise<JournalStore> {
  const path = join(await makeTempDir(scope), 'link');
  const opened: LinkedJournal[] = [];
  const held = new Map<LinkedJournal, Set<string>>();
  let server: Promise<void> | undefined;

  async function serve(parts: JournalParts): Promise<void> {
    const journal = create({ ...parts, onExpired: () => {} });
    const broken: string[] = [];
    const links = createJournalServer({
      journal,
      machineMs: () => performance.now(),
      onBroken: (_worker, reason) => void broken.push(reason),
      onLost: (_messages, error) => void broken.push(String(error)),
    });
    await journal.start(links.follower);
    const sockets = createServer((socket) => links.accept({ source: createLinkSource(socket), outlet: socket }));
    await new Promise<void>((resolve) => sockets.listen(path, resolve));
    endWith(scope, async () => {
      sockets.close();
      links.stop();
      await journal.stop();
      assert.deepEqual(broken, []);
    });
  }

  /** Undefined: everybody watches them. */
  function watchAll(uids: readonly string[]): Promise<unknown> | undefined {
    const waiting = opened.flatMap((journal) => {
      const known = held.get(journal) ?? new Set();
      held.set(journal, known);
      const fresh = uids.filter((uid) => !known.has(uid));
      for (const uid of fresh) known.add(uid);
      return fresh.map(async (uid) => journal.watch(uid));
    });
    return waiting.length === 0 ? undefined : Promise.all(waiting);
  }

  return {
    create(parts) {
      const linked = createLinkedJournal(
        {
          connect: () => {
            const socket = connect(path);
            const ends = { source: socket, outlet: socket };
            return new Promise((resolve) => socket.once('connect', () => resolve(ends)));
          },
          now: Date.now,
          machineMs: () => performance.now(),
          onExpired: parts.onExpired,
          onLost: () => {},
        },
        {
          worker: opened.length + 1,
          guarantees: { survivesProcess: false, shared: false },
          retention: parts.retention,
          deadlineMs: 5000,
        },
      );
      return {
        ...linked,
        async start(follower) {
          await (server ??= serve(parts));
          await linked.start(follower);
          opened.push(linked);
          await watchAll(askedUids);
        },
        append(messages, unit) {
          const waiting = watchAll(messages.flatMap(({ uids }) => uids ?? []));
          return waiting === undefined
            ? linked.append(messages, unit)
            : waiting.then(() => linked.append(messages, unit));
        },
        async stop() {
          opened.splice(opened.indexOf(linked), 1);
          await linked.stop();
        },
      };
    },
  };
}
