import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { createCrewDoor } from '../../src/cluster/crew-door.ts';

test('who waits for a worker is handed on in turn, before who comes later; a stop waits for them, not without a worker', async () => {
  const handed: Socket[] = [];
  let room = 1;
  const door = createCrewDoor({
    hand(socket) {
      if (room === 0) return false;
      room -= 1;
      handed.push(socket);
      return true;
    },
  });
  const sockets = Array.from({ length: 4 }, () => new Socket());
  const last = new Socket();
  const order = (): number[] => handed.map((socket) => [...sockets, last].indexOf(socket));
  for (const socket of sockets) door.take(socket);
  sockets[2]?.destroy();
  room = 1;
  door.take(last);
  assert.deepEqual(order(), [0], 'nobody passes those who wait');
  door.handWaiting();
  assert.deepEqual(order(), [0, 1]);
  let isAll = false;
  const all = door.allHanded(() => true).then(() => (isAll = true));
  room = 1;
  door.handWaiting();
  assert.deepEqual(order(), [0, 1, 3], 'who has gone meanwhile is handed to nobody');
  await door.allHanded(() => false);
  assert.equal(isAll, false);
  room = 1;
  door.handWaiting();
  await all;
  assert.deepEqual(order(), [0, 1, 3, 4]);
});
