import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAnswer, readAnswers } from '../fuzz/http-answers.ts';
import { judgeAnswer, judgeConnection, judgeLine, judgeSecrecy } from '../fuzz/judge.ts';

const error = (status: number, code: string, more = ''): Buffer => {
  const body = JSON.stringify({ error: { code, message: 'A reason.' } });
  return Buffer.from(
    `HTTP/1.1 ${status} Text\r\nContent-Type: application/json; charset=utf-8\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`,
  );
};
const upgraded = (frames: readonly number[]): Buffer =>
  Buffer.concat([Buffer.from('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n'), Buffer.from(frames)]);
const textFrame = (text: string): number[] => [0x81, text.length, ...Buffer.from(text)];

test('answers are read one by one, at whatever byte they are cut', () => {
  const first = error(400, 'invalid_json');
  const bytes = Buffer.concat([first, error(404, 'not_found')]);
  for (let length = 0; length < bytes.length; length += 1) {
    const read = readAnswers(bytes.subarray(0, length));
    assert.ok(!('reason' in read), `cut at ${length}`);
    assert.equal(read.answers.length, length < first.length ? 0 : length === bytes.length ? 2 : 1, `cut at ${length}`);
  }
  assert.equal(readAnswer(first, true).kind, 'answer');
});

test('answers as promised are passed', () => {
  const well = [
    Buffer.alloc(0),
    error(400, 'invalid_json'),
    error(503, 'busy', 'Retry-After: 1\r\n'),
    Buffer.from('HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}'),
    Buffer.from('HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 70\r\n\r\n'),
    upgraded([]),
    upgraded([
      ...textFrame('{"event":"welcome"}'),
      ...textFrame('{"types":"a","msg":1,"time":"t"}'),
      0x88,
      2,
      0x03,
      0xe8,
    ]),
  ];
  for (const bytes of well) assert.equal(judgeConnection(bytes), undefined, bytes.toString('latin1'));
});

test('everything else is not', () => {
  const wrong: readonly (readonly [Buffer, RegExp])[] = [
    [error(500, 'internal'), /a 500/],
    [error(502, 'internal'), /a 502/],
    [error(503, 'busy'), /without Retry-After/],
    [error(418, 'teapot'), /not in the catalogue/],
    [error(400, 'toString'), /not in the catalogue/],
    [error(400, 'not_found'), /which is a 404/],
    [Buffer.from('HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nx'), /no JSON/],
    [
      Buffer.from('HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'),
      /without an error/,
    ],
    [Buffer.from('HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n'), /a status 301/],
    [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), /no length/],
    [Buffer.from('HTTP/1.1 200 OK\r\nbroken\r\n\r\n'), /the header line/],
    [Buffer.from('garbage\r\n\r\n'), /the status line/],
    [upgraded([0xc1, 0]), /begins with 193/],
    [upgraded([0x82, 0]), /of the kind 2/],
    [upgraded([0x81, 0x80, 0, 0, 0, 0]), /masked/],
    [upgraded([0x89, 126, 0, 126]), /control frame/],
    [upgraded(textFrame('{}')), /the frame/],
    [upgraded(textFrame('{"event"')), /the frame/],
    [upgraded([0x88, 2, 0x03, 0xf3]), /1011/],
    [upgraded([0x88, 2, 0x0b, 0xb7]), /the close code 2999/],
    [upgraded([0x88, 0, 0x81, 0]), /after the close frame/],
  ];
  for (const [bytes, sign] of wrong) assert.match(judgeConnection(bytes) ?? 'nothing', sign, bytes.toString('latin1'));
  assert.match(judgeAnswer({ status: 599, headers: new Map(), body: Buffer.alloc(0) }, false) ?? '', /a 599/);
});

test('secrets and the inside of the server are found in what it says and prints', () => {
  assert.equal(judgeSecrecy('There is nothing here. Listen at /ws.', ['s3cret']), undefined);
  assert.match(judgeSecrecy('token s3cret-and-more', ['s3cret']) ?? '', /the secret s3cret/);
  assert.match(judgeSecrecy(JSON.stringify({ message: new Error('x').stack }), []) ?? '', /the inside/);
  assert.match(judgeSecrecy('Cannot find node_modules/koa', []) ?? '', /the inside/);
  assert.equal(judgeLine('{"level":30,"event":"audit"}', ['s3cret']), undefined);
  assert.equal(judgeLine('Debugger attached.', []), undefined);
  assert.match(judgeLine('{"level":30,"token":"s3cret"}', ['s3cret']) ?? '', /the secret/);
  assert.match(judgeLine('{"level":50,"event":"fault"}', []) ?? '', /it logged/);
  assert.match(judgeLine('(node:1) UnhandledPromiseRejectionWarning', []) ?? '', /it printed/);
});
