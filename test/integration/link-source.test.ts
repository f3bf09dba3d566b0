import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createLinkSource } from '../../src/cluster/link-source.ts';
import { endWith } from '../support/cleanup.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** A connection of this process with itself. */
async function openPair(t: TestContext): Promise<readonly [written: Socket, read: Socket]> {
  const path = join(await makeTempDir(t), 'pair');
  const server = createServer();
  server.listen(path);
  await once(server, 'listening');
  const written = connect(path);
  const [read] = (await once(server, 'connection')) as [Socket];
  endWith(t, () => {
    for (const socket of [written, read]) socket.destroy();
    server.close();
  });
  return [written, read];
}

test('what comes while a source rests stays with the kernel, and comes when it goes on', async (t) => {
  const [[written, read], [writtenAfter, readAfter]] = [await openPair(t), await openPair(t)];
  const source = createLinkSource(read);
  const chunks: string[] = [];
  source.on('data', (chunk) => chunks.push(chunk.toString()));
  const ended = new Promise<void>((resolve) => source.on('end', resolve));
  const write = (text: string) => new Promise((resolve) => written.write(text, resolve));
  await write('first');
  while (chunks.length === 0) await new Promise((resolve) => setImmediate(resolve));
  source.rest?.(true);
  source.rest?.(true);
  await write('second');
  // What was written later is read: whoever is not at rest has been read as well.
  const later = once(readAfter, 'data');
  writtenAfter.write('later');
  await later;
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(chunks, ['first']);
  assert.equal(read.bytesRead, 'first'.length, 'it is not read, either');
  written.end('third');
  source.rest?.(false);
  await ended;
  assert.equal(chunks.join(''), 'firstsecondthird');
});
