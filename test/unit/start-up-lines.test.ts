import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startUpLines, type StartUp } from '../../src/ops/start-up-lines.ts';

const list: StartUp = {
  version: '1.2.3',
  url: 'http://127.0.0.1:3210',
  workers: 1,
  doors: { send: null, listen: null, admin: null },
  host: '127.0.0.1',
  adminHost: '::1',
  adminUrl: 'http://127.0.0.1:3219',
  queue: 'list',
  dataDir: null,
  guarantees: { survivesProcess: false, manyInstances: false, schedules: false },
  readiness: { ok: true },
};

test('they say where to post, listen and look, and what is not kept', () => {
  const text = startUpLines(list);
  assert.ok(text.endsWith('\n'));
  for (const line of [
    'Tidings 1.2.3 serves.',
    '  Post    http://127.0.0.1:3210/send',
    '  Listen  ws://127.0.0.1:3210/ws?uid=1&types=notice',
    '  Demo    http://127.0.0.1:3210/demo/',
    '  Admin   http://127.0.0.1:3219/stats',
    '  Queue   list (volatile: what is accepted is gone when this process stops)',
  ]) {
    assert.ok(text.split('\n').includes(line), `${line} in\n${text}`);
  }
  assert.match(text, /curl .*-d '\{"topic":"all","msg":"hello"\}' http:\/\/127\.0\.0\.1:3210\/send/);
  assert.doesNotMatch(text, /not ready/);
});

test('they say which doors are open, and to whom', () => {
  const open = startUpLines(list).split('\n');
  for (const line of [
    '  Doors   posting: open to whoever reaches 127.0.0.1',
    '          listening: open to whoever reaches 127.0.0.1',
    '          admin: open to whoever reaches ::1',
  ]) {
    assert.ok(open.includes(line), line);
  }
  const doors = { send: 'a key', listen: 'a token or a ticket', admin: 'a key' };
  const closed = startUpLines({ ...list, doors }).split('\n');
  for (const line of [
    '  Listen  ws://127.0.0.1:3210/ws?token=TOKEN&types=notice',
    '  Doors   posting: with a key only',
    '          listening: with a token or a ticket only',
    '          admin: with a key only',
  ]) {
    assert.ok(closed.includes(line), line);
  }
  assert.ok(closed.some((line) => line.startsWith('  Try     curl -H "Authorization: Bearer $KEY" -H')));
});

test('a queue that keeps is not called volatile', () => {
  const text = startUpLines({
    ...list,
    queue: 'redis/localhost:6379',
    guarantees: { survivesProcess: true, manyInstances: true, schedules: false },
  });
  assert.match(text, /Queue {3}redis\/localhost:6379 \(what is accepted is kept in Redis\)/);
  assert.doesNotMatch(text, /volatile/);
});

test('a list queue with a directory says where it keeps', () => {
  const guarantees = { survivesProcess: true, manyInstances: false, schedules: false };
  assert.match(
    startUpLines({ ...list, dataDir: '/var/lib/tidings', guarantees }),
    /Queue {3}list \(what is accepted is kept in \/var\/lib\/tidings\)/,
  );
});

test('when it is not ready they say why, and what that means', () => {
  const reason = 'Redis at localhost:6379 does not answer (ECONNREFUSED).';
  assert.match(
    startUpLines({ ...list, readiness: { ok: false, reason } }),
    /not ready: Redis at localhost:6379 does not answer \(ECONNREFUSED\)\. Posts are answered 503 until it is\./,
  );
});
