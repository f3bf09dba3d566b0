import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/deadline.ts';
import { appendNew, type Opener } from './journal-driver.ts';
import { sampleMessages } from './sample-message.ts';

/** The ack cursor of each uid. */
export function acknowledgementTests({ openAlone, open, openStore }: Opener): void {
  test('an ack cursor only rises; a uid that never acknowledged has none', async (t) => {
    const { journal } = await openAlone(t);
    const [first = 0, second = 0, third = 0] = await appendNew(journal, sampleMessages(3));
    journal.acknowledge('a', second);
    journal.acknowledge('b', first);
    journal.acknowledge('a', first);
    journal.acknowledge('c\n"', third);
    assert.deepEqual(await journal.ackedBy(['b', 'nobody', 'a', 'c\n"', 'a']), [first, 0, second, third, second]);
    journal.acknowledge('b', third);
    assert.deepEqual(await journal.ackedBy(['a', 'b']), [second, third]);
    assert.deepEqual(await journal.ackedBy([]), []);
  });

  test('a thousand uids are asked at once', async (t) => {
    const { journal } = await openAlone(t);
    const [mid = 0] = await appendNew(journal, sampleMessages(1));
    const uids = Array.from({ length: 1000 }, (_, index) => `user-${index}`);
    for (const uid of uids) if (uid.endsWith('7')) journal.acknowledge(uid, mid);
    assert.deepEqual(
      await journal.ackedBy(uids),
      uids.map((uid) => (uid.endsWith('7') ? mid : 0)),
    );
  });

  test('where the journal survives, so do ack cursors; where it is shared, all instances know them', async (t) => {
    const store = await openStore(t);
    const one = await open(t, store);
    const { survivesProcess, shared } = one.journal.guarantees;
    if (!survivesProcess) return;
    const [low = 0, high = 0] = await appendNew(one.journal, sampleMessages(2));
    one.journal.acknowledge('a', high);
    one.journal.acknowledge('b', low);
    if (shared) {
      const other = await open(t, store);
      await eventually(
        async () => ((await other.journal.ackedBy(['a', 'b'])).every((mid) => mid > 0) ? true : undefined),
        'the ack cursors at another instance',
      );
      other.journal.acknowledge('a', low);
      other.journal.acknowledge('b', high);
      await other.stop();
    }
    await one.stop();
    const later = await open(t, store);
    assert.deepEqual(await later.journal.ackedBy(['a', 'b', 'c']), [high, shared ? high : low, 0]);
  });
}
