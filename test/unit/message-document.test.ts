import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeMessage, type MessageFacts } from '../../src/ops/message-document.ts';
import type { Drop } from '../../src/ops/drops.ts';
import type { ReceiptAnswer } from '../../src/ops/receipt-question.ts';
import type { Message } from '../../src/message/message.ts';

const message: Message = {
  id: 'm',
  fingerprint: '',
  uids: ['1', '2'],
  type: 'notice',
  expiresAtMs: 5000,
  push: '{}',
  retracts: 0,
  deliverAtMs: 0,
};
const mid = 1_000_000_999;
const unknown: MessageFacts = {
  id: 'm',
  found: undefined,
  isForgotten: false,
  isExpired: false,
  scheduled: undefined,
  failed: undefined,
  answers: [],
  instances: 1,
  uids: undefined,
  cursors: [],
};
const kept = { ...unknown, found: { mid, message } };
const waiting = { ...unknown, found: { mid: 0, message: undefined } };

const answer = (over: Partial<ReceiptAnswer>): ReceiptAnswer => ({ sinceMs: 1, receipt: null, drop: null, ...over });
const dropped = (drop: Drop): ReceiptAnswer => answer({ drop });
const describe = (over: Partial<MessageFacts>) => describeMessage({ ...unknown, ...over }) ?? assert.fail('unknown');

test('of what nobody knows there is no document', () => {
  assert.equal(describeMessage(unknown), undefined);
  assert.equal(describeMessage({ ...unknown, answers: [answer({})], uids: ['1'], cursors: [9] }), undefined);
});

test('the state is one word: where it is, or why nobody gets it any more', () => {
  const scheduled = { id: 'm', deliverAtMs: 4000, expiresAtMs: 0 };
  const failed = { job: '7', ids: ['m'], reason: 'refused', failedAtMs: 3000 };
  const drop = { where: 'append', atMs: 2000 } as const;
  const gone = { ...unknown, found: { mid, message: undefined } };
  const cases: readonly [Partial<MessageFacts>, string][] = [
    [waiting, 'accepted'],
    [{ ...waiting, scheduled }, 'scheduled'],
    [{ scheduled }, 'scheduled'],
    [kept, 'appended'],
    [{ ...kept, isExpired: true }, 'expired'],
    [gone, 'retracted'],
    [{ ...gone, isForgotten: true }, 'not_kept'],
    [{ ...waiting, failed }, 'failed'],
    [{ failed }, 'failed'],
    [{ answers: [dropped({ ...drop, reason: 'lost' })] }, 'lost'],
    [{ answers: [dropped({ ...drop, reason: 'expired' })] }, 'expired'],
    [{ ...waiting, answers: [dropped({ ...drop, reason: 'cancelled' })] }, 'cancelled'],
    [{ ...waiting, answers: [dropped({ ...drop, reason: 'failed' })] }, 'failed'],
    // The later word counts, and whoever waits again was not dropped.
    [
      { answers: [dropped({ ...drop, reason: 'lost' }), dropped({ ...drop, reason: 'expired', atMs: 2001 })] },
      'expired',
    ],
    [{ failed, answers: [dropped({ ...drop, reason: 'cancelled', atMs: 3000 })] }, 'cancelled'],
    [{ failed, answers: [dropped({ ...drop, reason: 'cancelled', atMs: 2999 })] }, 'failed'],
    [{ scheduled, answers: [dropped({ ...drop, reason: 'cancelled' })] }, 'scheduled'],
    [{ ...kept, answers: [dropped({ ...drop, reason: 'expired' })] }, 'appended'],
  ];
  for (const [facts, state] of cases) {
    const document = describe(facts);
    assert.equal(document.state, state, JSON.stringify(facts));
    const isUnderWay = ['accepted', 'scheduled', 'appended'].includes(state);
    assert.equal(document.dropped?.reason, isUnderWay ? undefined : state);
    assert.equal(document.expired, state === 'expired');
    assert.equal(document.retracted, state === 'retracted');
    assert.equal(document.appended, document.mid !== null);
  }
});

test('where it expired: on the way to its number, at the hub, or kept in the journal', () => {
  const where = (over: Partial<MessageFacts>) => describe(over).dropped?.where;
  const expired = { reason: 'expired', atMs: 1 } as const;
  assert.equal(where({ answers: [dropped({ ...expired, where: 'queue' })] }), 'queue');
  assert.equal(where({ ...kept, isExpired: true, answers: [dropped({ ...expired, where: 'hub' })] }), 'hub');
  assert.equal(where({ ...kept, isExpired: true }), 'journal');
});

test('counts are summed over the instances that have counted, and null when none has', () => {
  const answers = [
    answer({ sinceMs: 10.5, receipt: { matched: 3, written: 2 } }),
    answer({ sinceMs: 20, receipt: { matched: 1, written: 1 } }),
    answer({ sinceMs: 15 }),
  ];
  const { matched, written, counted } = describe({ ...kept, answers, instances: 4 });
  assert.deepEqual([matched, written, counted], [4, 3, { since: 20, instances: 4, answered: 3 }]);
  const { matched: none, counted: by } = describe({ ...kept, answers: [answer({})] });
  assert.deepEqual([none, by], [null, null]);
});

test('a uid has acknowledged what is for it and not above its cursor', () => {
  const { uids, acked } = describe({ ...kept, uids: ['1', '2', '3'], cursors: [mid, mid - 1, mid + 1] });
  assert.deepEqual(uids, [
    { uid: '1', addressed: true, acked: true },
    { uid: '2', addressed: true, acked: false },
    { uid: '3', addressed: false, acked: false },
  ]);
  assert.equal(acked, 1);
  const toAll = describe({ found: { mid, message: { ...message, uids: null } }, uids: ['3'], cursors: [mid] });
  assert.deepEqual([toAll.topic, toAll.acked, toAll.uids?.[0]?.addressed], ['all', 1, true]);
  // To whom it was is not known before it has a number, and no longer after it has gone.
  assert.deepEqual(describe({ ...waiting, uids: ['1'] }).uids, [{ uid: '1', addressed: null, acked: false }]);
  const gone = describe({ found: { mid, message: undefined }, uids: ['1'], cursors: [mid] });
  assert.deepEqual([gone.uids, gone.acked], [[{ uid: '1', addressed: null, acked: null }], null]);
});

test('instants are Unix milliseconds, and null where there is none', () => {
  const { appended_at: at, expires_at: end, deliver_at: due } = describe(kept);
  assert.deepEqual([at, end, due], [1_000_000, 5000, null]);
  assert.equal(describe({ found: { mid, message: { ...message, expiresAtMs: 0 } } }).expires_at, null);
});
