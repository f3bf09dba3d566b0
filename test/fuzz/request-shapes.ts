import * as fc from 'fast-check';
import { buildRequest, type RequestShape } from './build-request.ts';
import { administering, credential, posting, queryCredential } from './credentials.ts';
import type { Door, RequestInput } from './input.ts';
import { adminBody, postBody, ticketOrder } from './post-shapes.ts';
import { anyText, encoded, trap } from './text.ts';

type Header = readonly [string, string];

const headerValue = fc.oneof(
  fc.constantFrom(
    '',
    'x',
    '0',
    ',',
    '"',
    '"quoted"',
    '*',
    'application/json',
    'close',
    'keep-alive',
    'x'.repeat(129),
    '\u00e9',
    '\t',
  ),
  fc.string({ maxLength: 30 }),
  anyText.map((text) => text.slice(0, 400)),
);

/** Names that mean something to some server; none of them tells where a body ends. */
const headerName = fc.constantFrom(
  'Content-Type', 'Idempotency-Key', 'Origin', 'Accept', 'Accept-Encoding', 'Content-Encoding', 'Connection', 'Cookie', 'Forwarded',
  'X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Real-IP', 'X-HTTP-Method-Override', 'If-None-Match', 'Range', 'Referer',
  'Access-Control-Request-Method', 'Access-Control-Request-Headers', 'Sec-WebSocket-Key', 'Last-Event-ID', 'TE', 'Via', '__proto__', 'X',
); // prettier-ignore

const likelyHeader: fc.Arbitrary<Header> = fc.constantFrom<Header[]>(
  ['Origin', 'http://localhost:3210'],
  ['Origin', 'null'],
  ['Origin', 'https://evil.example'],
  ['Content-Encoding', 'gzip'],
  ['Connection', 'close'],
  ['Expect', '100-continue'],
  ['Upgrade', 'h2c'],
  ['X-Forwarded-For', '1.2.3.4, 5.6.7.8'],
  ['Host', 'evil.example'],
);

const header: fc.Arbitrary<Header> = fc.oneof(
  { weight: 2, arbitrary: likelyHeader },
  { weight: 1, arbitrary: credential },
  { weight: 1, arbitrary: fc.tuple(headerName, headerValue).map(([name, value]): Header => [name, latin1(value)]) },
);

const headers = fc.oneof(
  { weight: 7, arbitrary: fc.constant<Header[]>([]) },
  { weight: 3, arbitrary: fc.array(header, { minLength: 1, maxLength: 4 }) },
);

const idempotencyKey: fc.Arbitrary<Header[]> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Header[]>([]) },
  { weight: 1, arbitrary: fc.nat(300).map((n): Header[] => [['Idempotency-Key', `key-${n}`]]) },
);

const mediaType = fc.oneof(
  { weight: 16, arbitrary: fc.constant('application/json') },
  { weight: 2, arbitrary: fc.constant('application/x-ndjson') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'text/plain',
      'application/json; charset=latin1',
      'application/json;;=',
      'a',
      '',
      'application/JSON',
    ),
  },
);

const method = fc.constantFrom(
  'GET',
  'HEAD',
  'OPTIONS',
  'PUT',
  'PATCH',
  'DELETE',
  'TRACE',
  'PROPFIND',
  'M-SEARCH',
  'POST',
  'QUERY',
  'get',
);

const query = fc.oneof(
  { weight: 2, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: queryCredential.map((part) => `?${part}`) },
  {
    weight: 2,
    arbitrary: fc
      .array(
        fc.tuple(
          fc.constantFrom('uids', 'uid', 'from', 'limit', 'hurry', 'd', 'mid', 'types', 'x', '__proto__'),
          encoded,
        ),
        { maxLength: 3 },
      )
      .map((pairs) => `?${pairs.map((pair) => pair.join('=')).join('&')}`),
  },
);

const publicPath = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      '/',
      '/demo',
      '/demo/',
      '/demo/demo.js',
      '/healthz',
      '/readyz',
      '/ws',
      '/send',
      '/events',
      '/poll',
    ),
  },
  { weight: 2, arbitrary: encoded.map((name) => `/demo/${name}`) },
  { weight: 2, arbitrary: encoded.map((name) => `/${name}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '/demo/../send',
      '//send',
      '/send/',
      '/%73end',
      'http://evil.example/send',
      '*',
      '/demo/..%2fmain.js',
    ),
  },
);

const messageId = fc.oneof(
  fc.nat(300).map((n) => `fuzz-${n}`),
  fc.nat(300).map((n) => `key-${n}/0`),
  encoded,
);
const adminUid = fc.oneof(
  fc.nat(50).map((n) => `f${n}`),
  encoded,
);

/** Few uids are shut out, or the others could not be tried any more; and what is shut out for good is kept for good. */
const shutOutUid = fc.oneof(
  fc.integer({ min: 45, max: 50 }).map((n) => `f${n}`),
  trap.map((text) => `x${encodeURIComponent(text)}`),
);

/** `/drain` is asked for by others: here it would end the server under test. */
const adminPath = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.constantFrom('/', '/stats', '/scheduled', '/failed', '/metrics', '/healthz', '/demo/'),
  },
  { weight: 2, arbitrary: fc.constant('/tickets') },
  { weight: 3, arbitrary: messageId.map((id) => `/messages/${id}`) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(adminUid, fc.constantFrom('', '/disconnect', '/x'))
      .map(([uid, what]) => `/users/${uid}${what}`),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(shutOutUid, fc.constantFrom('/block', '/revoke')).map(([uid, what]) => `/users/${uid}${what}`),
  },
  { weight: 1, arbitrary: encoded.map((job) => `/failed/${job}/retry`) },
  { weight: 1, arbitrary: encoded.map((name) => `/${name}`) },
);

const framing = fc.constantFrom('length' as const, 'length' as const, 'chunked' as const);
const version = fc.oneof(
  { weight: 30, arbitrary: fc.constant('1.1' as const) },
  { weight: 1, arbitrary: fc.constant('1.0' as const) },
);
const noBody = fc.constant(null);

const send: fc.Arbitrary<RequestShape> = fc
  .record({
    method: fc.oneof({ weight: 19, arbitrary: fc.constant('POST') }, { weight: 1, arbitrary: method }),
    target: fc.oneof(
      { weight: 9, arbitrary: fc.constant('/send') },
      { weight: 1, arbitrary: query.map((text) => `/send${text}`) },
    ),
    type: mediaType,
    key: idempotencyKey,
    who: posting,
    headers,
    body: postBody,
    framing,
    version,
  })
  .map(({ type, key, who, headers: more, ...shape }) => ({
    ...shape,
    headers: [['Content-Type', type], ...key, ...who, ...more],
  }));

const page: fc.Arbitrary<RequestShape> = fc.record({
  method: fc.oneof({ weight: 2, arbitrary: fc.constant('GET') }, { weight: 1, arbitrary: method }),
  target: fc.tuple(publicPath, query).map((parts) => parts.join('')),
  headers,
  body: fc.oneof({ weight: 4, arbitrary: noBody }, { weight: 1, arbitrary: postBody }),
  framing,
  version,
});

const admin: fc.Arbitrary<RequestShape> = fc
  .record({
    type: mediaType,
    who: administering,
    method: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('GET', 'POST', 'DELETE') },
      { weight: 1, arbitrary: method },
    ),
    target: fc.tuple(adminPath, query).map((parts) => parts.join('')),
    headers,
    body: fc.oneof({ weight: 2, arbitrary: noBody }, { weight: 3, arbitrary: adminBody }),
    framing,
    version,
  })
  .map(({ type, who, headers: more, ...shape }) => ({ ...shape, headers: [['Content-Type', type], ...who, ...more] }));

const json: Header = ['Content-Type', 'application/json'];

/** Orders that an operator might give. */
const order: fc.Arbitrary<RequestShape> = fc
  .tuple(
    fc.oneof(
      ticketOrder.map((body) => ['/tickets', body] as const),
      fc
        .tuple(shutOutUid, fc.constantFrom('', '{"ttl":1}', '{"ttl":"2s"}'))
        .map(([uid, body]) => [`/users/${uid}/block`, Buffer.from(body)] as const),
      fc
        .tuple(shutOutUid, fc.constantFrom('', '{"before":1}'))
        .map(([uid, body]) => [`/users/${uid}/revoke`, Buffer.from(body)] as const),
      adminUid.map((uid) => [`/users/${uid}/disconnect`, Buffer.alloc(0)] as const),
      messageId.map((id) => [`/messages/${id}`, Buffer.from('{"uids":["f1","f2"]}')] as const),
    ),
    framing,
    administering,
  )
  .map(([[target, body], how, who]) => ({
    method: 'POST',
    target,
    headers: [json, ...who],
    body,
    framing: how,
    version: '1.1' as const,
  }));

/** Requests of every route, right and wrong. */
export const requests: fc.Arbitrary<RequestInput> = fc.oneof(
  { weight: 5, arbitrary: request('public', send) },
  { weight: 2, arbitrary: request('public', page) },
  { weight: 2, arbitrary: request('admin', admin) },
  { weight: 1, arbitrary: request('admin', order) },
);

function request(door: Door, shape: fc.Arbitrary<RequestShape>): fc.Arbitrary<RequestInput> {
  return fc.tuple(shape, fc.array(fc.nat(999), { maxLength: 3 }), fc.nat(9)).map(([whole, shares, cutsOften]) => {
    const hasHost = whole.headers.some(([name]) => name === 'Host');
    const bytes = buildRequest({
      ...whole,
      headers: hasHost ? whole.headers : [['Host', 'localhost'], ...whole.headers],
    });
    const cuts =
      cutsOften === 0 && isClean(whole) ? shares.map((share) => Math.floor((bytes.length * share) / 1_000)) : [];
    return { kind: 'request', door, method: whole.method, bytes, cuts: [...new Set(cuts)].sort((a, b) => a - b) };
  });
}

/** Nothing in its head makes a server close before it has all of it, and what is sent then could meet a reset in place of the answer. */
function isClean({ target, headers: all, method: verb }: RequestShape): boolean {
  return verb !== 'get' && [target, ...all.flat()].every((text) => /^[!-~][ -~]*$/.test(text));
}

function latin1(text: string): string {
  return Buffer.from(text.replace(/[\r\n]/g, ''), 'utf8').toString('latin1');
}
