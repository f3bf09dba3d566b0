import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseReader } from '../../bench/load/response-reader.ts';

const ACCEPTED =
  'HTTP/1.1 202 Accepted\r\nX-Content-Length: 7\r\nContent-Type: application/json\r\ncontent-LENGTH: 18\r\n' +
  'Connection: keep-alive\r\n\r\n{"msg":"success."}';
const REFUSED = 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}';
const EMPTY = 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n';

function read(chunks: string[]) {
  const answers: { status: number; text: string }[] = [];
  const reader = new ResponseReader((status, text) => answers.push({ status, text }));
  const reused = Buffer.alloc(4_096);
  for (const chunk of chunks) {
    reused.fill('x');
    reader.push(reused, reused.write(chunk));
  }
  return answers;
}

test('reads a response wherever it is cut', () => {
  for (let cut = 1; cut < ACCEPTED.length; cut++) {
    assert.deepEqual(read([ACCEPTED.slice(0, cut), ACCEPTED.slice(cut)]), [{ status: 202, text: '' }], `cut at ${cut}`);
  }
  assert.deepEqual(read(ACCEPTED.split('')), [{ status: 202, text: '' }]);
});

test('reads one response after the other, whole and cut', () => {
  const answers = read([ACCEPTED, ACCEPTED.slice(0, 20), ACCEPTED.slice(20), EMPTY, ACCEPTED]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [202, 202, 204, 202],
  );
});

test('keeps the text of a refusal', () => {
  assert.deepEqual(read([REFUSED]), [{ status: 503, text: REFUSED }]);
});

test('throws at a response without Content-Length, and at bytes that nobody asked for', () => {
  assert.throws(
    () => read(['HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n']),
    /no Content-Length/,
  );
  assert.throws(() => read([`${ACCEPTED}H`]), /nobody asked/);
});
