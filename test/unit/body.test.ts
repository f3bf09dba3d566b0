import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { readBody } from '../../src/ingress/body.ts';

/** A request whose body the test sends, with what `readBody` said of it. */
function createRequest(maxBytes: number, headers: Readonly<Record<string, string>> = {}) {
  const stream = new PassThrough();
  const said: (Buffer | undefined)[] = [];
  readBody(Object.assign(stream, { headers }) as unknown as IncomingMessage, maxBytes, (body) => said.push(body));
  const send = async (...chunks: readonly string[]): Promise<void> => {
    for (const chunk of chunks) stream.write(chunk);
    await new Promise((resolve) => setImmediate(resolve));
  };
  const end = async (): Promise<void> => {
    stream.end();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { stream, said, send, end };
}

test('a body is given whole and once, in however many pieces it comes', async () => {
  for (const chunks of [[], ['abc'], ['a', 'b', 'c'], ['é', '漢', '🎉']]) {
    const { said, send, end } = createRequest(100);
    await send(...chunks);
    assert.deepEqual(said, [], 'not before its end');
    await end();
    assert.deepEqual(said, [Buffer.from(chunks.join(''))]);
  }
});

test('a body of the limit is taken, one byte more is not', async () => {
  const exact = createRequest(6);
  await exact.send('abc', 'def');
  await exact.end();
  assert.deepEqual(exact.said, [Buffer.from('abcdef')]);
  const more = createRequest(6);
  await more.send('abc', 'defg');
  assert.deepEqual(more.said, [undefined], 'said as soon as it is known');
  await more.send('h');
  await more.end();
  assert.deepEqual(more.said, [undefined], 'and once');
});

test('a length over the limit is refused before anything is read', async () => {
  const { said, stream } = createRequest(6, { 'content-length': '7' });
  assert.deepEqual(said, [undefined]);
  assert.equal(stream.listenerCount('data'), 0);
  assert.deepEqual(createRequest(6, { 'content-length': '6' }).said, []);
});

test('a client that goes away is told nothing', async () => {
  const { stream, said, send } = createRequest(100);
  await send('half');
  stream.destroy();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(said, []);
});
