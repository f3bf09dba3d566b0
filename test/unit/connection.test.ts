import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pingFrame } from '../../src/hub/frame.ts';
import { createPeer } from './fake-socket.ts';

const bytes = (length: number): Buffer => Buffer.alloc(length);

test('what waits and what comes must fit the budget together', () => {
  const { connection, socket } = createPeer('1', 'plain', 1000);
  socket.writableLength = 900;
  assert.equal(connection.write(bytes(100)), true);
  assert.equal(connection.write(bytes(101)), false);
  assert.equal(socket.writes.length, 1);
});

test('a socket that holds nothing takes any amount', () => {
  const { connection, socket } = createPeer('1', 'plain', 1000);
  assert.equal(connection.write(bytes(5000)), true);
  socket.writableLength = 1;
  assert.equal(connection.write(bytes(1000)), false);
});

test('after a close frame nothing is written, and that is not being too slow', () => {
  const { connection, socket } = createPeer('1', 'plain', 1000);
  for (const readyState of [2, 3, 0]) {
    socket.readyState = readyState;
    socket.writableLength = 5000;
    assert.equal(connection.isOpen, false);
    assert.equal(connection.write(bytes(10)), true);
    connection.ping();
  }
  assert.deepEqual(socket.writes, []);
});

test('a ping is written beyond the budget: a slow reader is not a dead one', () => {
  const { connection, socket } = createPeer('1', 'plain', 1000);
  socket.writableLength = 5000;
  connection.ping();
  assert.deepEqual(socket.writes, [pingFrame]);
});
