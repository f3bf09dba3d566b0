import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Journal } from '../../src/journal/journal.ts';
import { createSignal } from '../../src/journal/signal.ts';
import { sampleMessage } from '../contract/sample-message.ts';
import { eventually } from '../support/deadline.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { copyAsOfNow, idsIn, openJournal, systemError, withFaults } from './disk-journal.ts';

const sizes = { leastBytes: 4096, mostBytes: 4096 };

const append = (journal: Journal, id: string, push = '{}') =>
  journal.append([sampleMessage({ id, fingerprint: 'f', push })]);

const recovered = (journal: Journal): Promise<true> =>
  eventually(() => (journal.health().ok ? true : undefined), 'health');

for (const failing of ['write', 'flush'] as const) {
  test(`after a ${failing} that failed nothing more is written there, and what was refused does not come back`, async (t) => {
    const dir = await makeTempDir(t);
    const { files, before } = withFaults();
    const { journal, told } = await openJournal(t, dir, { files, sizes });
    await append(journal, 'before');
    let failures = 2;
    // A flush that fails comes after a write that did not.
    before[failing] = () => {
      failures -= 1;
      if (failures === 0) delete before[failing];
      throw systemError('EIO');
    };
    const refusal = /^Error: The journal in .* cannot be written: EIO: as a test wants it\.$/;
    await assert.rejects(append(journal, 'refused'), refusal);
    await assert.rejects(append(journal, 'at once'), refusal, 'nothing is tried while it is known to fail');
    await recovered(journal);
    assert.equal((await append(journal, 'after'))[0]?.outcome, 'appended');
    const crashed = await makeTempDir(t);
    copyAsOfNow(dir, crashed);
    await journal.stop();

    for (const place of [dir, crashed]) {
      const next = await openJournal(t, place, { sizes });
      assert.deepEqual(next.events, []);
      assert.deepEqual(await idsIn(next.journal), ['before', 'after']);
      assert.equal((await append(next.journal, 'refused'))[0]?.outcome, 'appended');
      await next.journal.stop();
    }
    assert.deepEqual(
      told.map(({ message }) => message.id),
      ['before', 'after'],
    );
    assert.ok(readdirSync(dir).filter((name) => name.startsWith('journal-')).length >= 2);
  });
}

test('what was refused and is whole on the disk may come back, and then it is a message like any other', async (t) => {
  const [dir, crashed] = [await makeTempDir(t), await makeTempDir(t)];
  const { files, before } = withFaults();
  const { journal } = await openJournal(t, dir, { files, sizes });
  before.flush = () => {
    throw systemError('EIO');
  };
  await assert.rejects(append(journal, 'refused'));
  copyAsOfNow(dir, crashed);
  const next = await openJournal(t, crashed, { sizes });
  assert.deepEqual(await idsIn(next.journal), ['refused']);
  assert.equal((await append(next.journal, 'refused'))[0]?.outcome, 'duplicate');
});

test('what a process wrote and did not live to see flushed is flushed before it is served', async (t) => {
  const [dir, crashed] = [await makeTempDir(t), await makeTempDir(t)];
  const { journal } = await openJournal(t, dir, { sizes });
  await append(journal, 'kept');
  copyAsOfNow(dir, crashed);
  const { files, before } = withFaults();
  before.flush = () => {
    throw systemError('EIO');
  };
  await assert.rejects(openJournal(t, crashed, { files, sizes }), /cannot use .* as a data directory: EIO/);
  delete before.flush;
  assert.deepEqual(await idsIn((await openJournal(t, crashed, { files, sizes })).journal), ['kept']);
});

test('without room for the next segment it is refused as a full disk, until there is room', async (t) => {
  const dir = await makeTempDir(t);
  const { files, before } = withFaults();
  const { journal } = await openJournal(t, dir, { files, sizes });
  before.open = (path) => {
    if (path.endsWith('.log')) throw systemError('ENOSPC');
  };
  const accepted: string[] = [];
  const fill = async (): Promise<void> => {
    for (let number = 0; number < 100; number += 1) {
      await append(journal, `m${number}`, 'x'.repeat(300));
      accepted.push(`m${number}`);
    }
  };
  await assert.rejects(fill(), /cannot be written: the disk is full \(ENOSPC: as a test wants it\)\.$/);
  assert.ok(accepted.length > 5, 'the segment that is there is filled');
  delete before.open;
  await recovered(journal);
  await append(journal, 'after');
  await journal.stop();
  const next = await openJournal(t, dir, { sizes });
  assert.deepEqual(await idsIn(next.journal), [...accepted, 'after']);
});

test('a note that cannot be written holds the next segment up, and what it says is there', async (t) => {
  for (const method of ['rename', 'flushAll'] as const) {
    const [dir, crashed] = [await makeTempDir(t), await makeTempDir(t)];
    const { files, before } = withFaults();
    const { journal } = await openJournal(t, dir, { files, sizes });
    let renames = 0;
    const fail = (): void => {
      throw systemError('EIO');
    };
    // The names of the directory are flushed after the rename: then the note may be on disk, or not.
    before.rename = () => {
      renames += 1;
      if (method === 'rename') fail();
      before.flushAll = fail;
    };
    const accepted: string[] = [];
    await assert.rejects(async () => {
      for (let number = 0; number < 100; number += 1) {
        await append(journal, `m${number}`, 'x'.repeat(300));
        accepted.push(`m${number}`);
      }
    }, /EIO/);
    assert.ok(renames > 0);
    copyAsOfNow(dir, crashed);
    delete before.rename;
    delete before.flushAll;
    await recovered(journal);
    await append(journal, 'after');
    await journal.stop();
    assert.deepEqual(await idsIn((await openJournal(t, dir, { sizes })).journal), [...accepted, 'after']);
    assert.deepEqual(await idsIn((await openJournal(t, crashed, { sizes })).journal), accepted);
  }
});

test('under load it goes from segment to segment, and through records longer than one', async (t) => {
  const [dir, crashed] = [await makeTempDir(t), await makeTempDir(t)];
  const { journal } = await openJournal(t, dir, { sizes });
  const lines = Array.from({ length: 8 }, async (_, line) => {
    for (let number = 0; number < 40; number += 1) {
      const push = 'x'.repeat(number % 13 === 0 ? 9000 : 100);
      assert.equal((await append(journal, `${line}-${number}`, push))[0]?.outcome, 'appended');
    }
  });
  await Promise.all(lines);
  const kept = await idsIn(journal);
  assert.equal(kept.length, 320);
  copyAsOfNow(dir, crashed);
  await journal.stop();
  assert.ok(readdirSync(dir).filter((name) => name.startsWith('journal-')).length > 20);
  for (const place of [dir, crashed]) {
    const next = await openJournal(t, place, { sizes });
    assert.deepEqual(await idsIn(next.journal), kept);
    await append(next.journal, 'next');
    await next.journal.stop();
    const last = await openJournal(t, place, { sizes });
    assert.deepEqual(await idsIn(last.journal), [...kept, 'next']);
  }
});

test('a stop while a segment is being made waits for it', async (t) => {
  const dir = await makeTempDir(t);
  const { files, before } = withFaults();
  const { journal } = await openJournal(t, dir, { files, sizes });
  const [begun, end] = [createSignal(), createSignal()];
  before.open = (path) => {
    if (!path.endsWith('journal-2.log')) return undefined;
    begun.resolve();
    return end.promise;
  };
  await append(journal, 'more than half', 'x'.repeat(2500));
  await begun.promise;
  await append(journal, 'needs no segment');
  let isStopped = false;
  const stopped = journal.stop().then(() => (isStopped = true));
  await assert.rejects(openJournal(t, dir, { sizes }), /is in use by another process/);
  assert.equal(isStopped, false);
  end.resolve();
  await stopped;
  assert.ok(existsSync(join(dir, 'journal-2.log')));
  const next = await openJournal(t, dir, { sizes });
  assert.deepEqual(await idsIn(next.journal), ['more than half', 'needs no segment']);
});

test('a disk that hangs ends a stop at the deadline, and keeps the directory until nothing can be written in it', async (t) => {
  const dir = await makeTempDir(t);
  const { files, before } = withFaults();
  const { journal } = await openJournal(t, dir, { files, sizes, deadlineMs: 100 });
  await append(journal, 'kept');
  const end = createSignal();
  before.flush = () => end.promise;
  await assert.rejects(append(journal, 'late'), /has not been written within 100 ms/);
  await journal.stop();
  await assert.rejects(openJournal(t, dir, { sizes }), /is in use by another process/);
  end.resolve();
  const next = await eventually(() => openJournal(t, dir, { sizes }).catch(() => undefined), 'the directory');
  // Its write went through after all: refused, and it may come back.
  assert.deepEqual(await idsIn(next.journal), ['kept', 'late']);
});

test('a segment that was made and not noted is taken away, unless it has records', async (t) => {
  const dir = await makeTempDir(t);
  const { journal } = await openJournal(t, dir, { sizes });
  await append(journal, 'kept');
  await journal.stop();
  writeFileSync(join(dir, 'journal-2.log'), Buffer.alloc(1000));
  const next = await openJournal(t, dir, { sizes });
  assert.deepEqual(await idsIn(next.journal), ['kept']);
  assert.equal(existsSync(join(dir, 'journal-2.log')), false);
  await next.journal.stop();
  writeFileSync(join(dir, 'journal-2.log'), Buffer.alloc(1000, 1));
  await assert.rejects(openJournal(t, dir, { sizes }), /is damaged: tidings\.json does not know of journal-2\.log/);
});
