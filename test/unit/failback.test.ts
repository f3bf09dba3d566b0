import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { PrimaryAnswer } from '../../src/cluster/ask-primary.ts';
import { Failback } from '../../src/cluster/failback.ts';
import type { Connection } from '../../src/hub/connection.ts';
import { createCounters } from '../../src/ops/counters.ts';
import type { Log } from '../../src/ops/log.ts';
import { eventually } from '../support/deadline.ts';
import { createPeer } from './fake-socket.ts';

const CLIENTS = 100;

/** A backup whose clients have been there for a minute, and whose primary answers as `answers` says, from now on. */
function createBackup(t: TestContext, answer: () => PrimaryAnswer) {
  const clients = Array.from({ length: CLIENTS }, () => createPeer().connection);
  const handed: Connection[] = [];
  const lines: Record<string, unknown>[] = [];
  const log = (line: Record<string, unknown>) => void lines.push(line);
  const counters = createCounters();
  const failback = new Failback(
    {
      hub: {
        connections: () => clients,
        handOver(connection) {
          connection.door.close(1012, '');
          handed.push(connection);
        },
      },
      counters,
      log: { info: log, warn: log, error: log } as unknown as Log,
      now: Date.now,
      monotonicMs: () => 60_000 + performance.now(),
      random: Math.random,
      instance: 'me',
      ask: () => Promise.resolve(answer()),
    },
    { backupOf: 'http://primary', failbackAfterMs: 1, drainMs: 600_000 },
  );
  t.after(() => failback.stop());
  const said = (event: string) =>
    eventually(() => lines.find((line) => line['event'] === event), `the log to say ${event}`);
  return { failback, clients, handed, lines, counters, said };
}

test('who stops hands nobody back any more', async (t) => {
  const { failback, handed, lines, counters, said } = createBackup(t, () => ({ isReady: true, instance: 'primary' }));
  failback.start();
  await said('handing-back');
  await eventually(() => handed.length > 0 || undefined, 'the first to go');
  assert.equal(failback.report().primary, 'well');
  failback.stop();
  const { connections, left } = await said('handed-back');
  assert.ok(handed.length < CLIENTS, 'it was in the middle of it');
  assert.deepEqual([connections, left, counters.handedBack], [handed.length, CLIENTS - handed.length, handed.length]);
  assert.deepEqual(
    lines.map(({ event }) => event),
    ['primary.recovering', 'primary.well', 'handing-back', 'handed-back'],
  );
});

test('it does not take itself for its primary', async (t) => {
  let asked = 0;
  const { failback, handed, lines } = createBackup(t, () => {
    asked += 1;
    return { isReady: true, instance: 'me' };
  });
  failback.start();
  await eventually(() => asked > 1 || undefined, 'some answers');
  assert.deepEqual(
    lines.map(({ event }) => event),
    ['primary.itself', 'primary.away'],
  );
  assert.equal(failback.report().primary, 'away');
  assert.equal(handed.length, 0);
});
