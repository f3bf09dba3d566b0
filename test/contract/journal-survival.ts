import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appendNew, idsOf, readMailbox, type Opener } from './journal-driver.ts';
import { sampleMessage, sampleMessages } from './sample-message.ts';

/** What is there when a process begins where another has ended. */
export function survivalTests({ open, openStore }: Opener): void {
  test('keeps what was appended when the instance ends, with the ids and the numbering', async (t) => {
    const store = await openStore(t);
    const earlier = await open(t, store);
    const messages = [...sampleMessages(20), ...sampleMessages(5, { fingerprint: 'a' })];
    const appended = await earlier.journal.append(messages);
    await earlier.stop();

    const { journal, told } = await open(t, store);
    assert.equal(journal.head(), appended.at(-1)?.mid);
    assert.deepEqual(
      (await journal.read(0, 100)).map(({ message }) => message),
      messages,
    );
    assert.deepEqual(
      await journal.append(messages),
      appended.map(({ mid }) => ({ mid, outcome: 'duplicate' })),
    );
    const changed = messages.slice(-1).map((message) => ({ ...message, fingerprint: 'b' }));
    assert.equal((await journal.append(changed))[0]?.outcome, 'conflict');
    const next = sampleMessage();
    const [mid = 0] = await appendNew(journal, [next]);
    assert.ok(mid > (appended.at(-1)?.mid ?? 0));
    assert.deepEqual(await told.ids(1), [next.id]);
  });

  test('keeps mailboxes, and what each has lost, when the instance ends', async (t) => {
    const store = await openStore(t);
    const bounds = { messages: 50, mailboxMessages: 5, broadcastMessages: 5 };
    const earlier = await open(t, store, bounds);
    for (let index = 0; index < 60; index += 1) {
      await earlier.journal.append([sampleMessage({ uids: index % 10 === 0 ? null : [`user-${index % 20}`, 'busy'] })]);
    }
    await earlier.told.ids(60);
    const cursors = [0, ...earlier.told.entries.map(({ mid }) => mid)];
    const uids = ['busy', 'user-1', 'user-19', 'nobody'];
    const readAll = async ({ journal }: typeof earlier): Promise<unknown[]> => {
      const seen: unknown[] = [];
      for (const uid of uids) {
        for (const after of cursors) {
          const { entries, gap, through } = await readMailbox(journal, uid, after);
          seen.push([idsOf(entries), gap, through]);
        }
      }
      return seen;
    };
    const before = await readAll(earlier);
    assert.ok(before.some((seen) => (seen as unknown[])[1] === false));
    await earlier.stop();
    assert.deepEqual(await readAll(await open(t, store, bounds)), before);
  });
}
