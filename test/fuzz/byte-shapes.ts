import * as fc from 'fast-check';
import type { BytesInput } from './input.ts';

const body = '{"topic":"uids","topic_ids":["f1"],"msg":"bytes"}';

/** Requests that are right, or wrong in one of the ways that set servers and proxies at odds. */
const templates: readonly string[] = [
  `POST /send HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  `POST /send HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n31\r\n${body}\r\n0\r\n\r\n`,
  `POST /send HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /admin HTTP/1.1\r\n\r\n`,
  `POST /send HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`,
  `POST /send HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n`,
  `POST /send HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999999999999999\r\n\r\n{}`,
  `POST /send HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"topic"`,
  `POST /send HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n${body}`,
  `POST /send HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(20_000)}\r\nx\r\n0\r\n\r\n`,
  `POST /send HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: ${'x'.repeat(20_000)}\r\n\r\n`,
  'GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(3),
  'GET /stats HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'DELETE /messages/fuzz-1 HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'POST /messages/fuzz-1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 13\r\n\r\n{"uids":["1"]}',
  `GET /${'a'.repeat(17_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: localhost\r\n${'X: y\r\n'.repeat(2_500)}\r\n`,
  `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'y'.repeat(17_000)}\r\n\r\n`,
  'GET / HTTP/1.1\r\n\r\n',
  'GET / HTTP/1.0\r\n\r\n',
  'GET / HTTP/9.9\r\n\r\n',
  'GET /\r\n\r\n',
  'GET / HTTP/1.1\nHost: localhost\n\n',
  'GET / HTTP/1.1\r\nHost: localhost\r\n folded: yes\r\n\r\n',
  'CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\nbytes',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'GET /ws?uid=f1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
  'GET /ws?uid=f1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n\x81\x05hello',
  'POST /ws?uid=f1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 3\r\n\r\nabc',
  'POST /send HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
];

/** What is put in where it does not belong. */
const pieces: readonly string[] = [
  '\r\n', '\n', '\r', '\r\n\r\n', '\0', ' ', ':', '\t', '\xff\xfe', 'Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: x, chunked\r\n',
  'Host: other\r\n', 'Connection: close\r\n', 'Connection: Upgrade\r\nUpgrade: h2c\r\n', 'Upgrade: websocket\r\n', 'Expect: 100-continue\r\n', 'Expect: x\r\n',
  '0\r\n\r\n', 'HTTP/1.1', 'GET ', 'A'.repeat(300), '%00', '..', '-1', '\x81\x85\0\0\0\0hello',
]; // prettier-ignore

interface Change {
  readonly how: 'insert' | 'remove' | 'repeat' | 'flip' | 'cut';
  readonly at: number;
  readonly length: number;
  readonly piece: string;
}

const change: fc.Arbitrary<Change> = fc.record({
  how: fc.constantFrom('insert', 'insert', 'insert', 'flip', 'flip', 'remove', 'repeat', 'cut'),
  at: fc.nat(9_999),
  length: fc.integer({ min: 1, max: 40 }),
  piece: fc.constantFrom(...pieces),
});

function applied(bytes: string, { how, at, length, piece }: Change): string {
  const index = Math.floor((bytes.length * at) / 10_000);
  const before = bytes.slice(0, index);
  switch (how) {
    case 'insert':
      return before + piece + bytes.slice(index);
    case 'remove':
      return before + bytes.slice(index + length);
    case 'repeat':
      return before + bytes.slice(index, index + length).repeat(3) + bytes.slice(index + length);
    case 'flip':
      return (
        before + String.fromCharCode((bytes.charCodeAt(index) ^ (1 << (length % 8))) & 0xff) + bytes.slice(index + 1)
      );
    case 'cut':
      return before;
  }
}

const changed = fc
  .tuple(fc.constantFrom(...templates), fc.array(change, { maxLength: 4 }))
  .map(([template, changes]) => Buffer.from(changes.reduce(applied, template), 'latin1'));

const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));

/** Bytes that are nearly HTTP, or nothing at all. */
export const byteStreams: fc.Arbitrary<BytesInput> = fc
  .record({
    door: fc.constantFrom('public' as const, 'public' as const, 'admin' as const),
    bytes: fc.oneof({ weight: 8, arbitrary: changed }, { weight: 1, arbitrary: noise }),
    cuts: fc.array(fc.nat(400), { maxLength: 2 }).map((cuts) => [...new Set(cuts)].sort((a, b) => a - b)),
  })
  .map((input) => ({ kind: 'bytes', ...input }));
