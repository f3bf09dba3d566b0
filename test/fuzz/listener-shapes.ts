import * as fc from 'fast-check';
import { secretToken } from '../support/tokens.ts';
import { credential, protocolCredential, queryCredential } from './credentials.ts';
import { frames } from './frame-shapes.ts';
import type { ListenerInput } from './input.ts';
import { anyJson, encoded } from './text.ts';

const uid = fc.nat(50).map((n) => `f${n}`);

const what = fc
  .tuple(
    fc.constantFrom('', '&types=notice', '&types=*', '&types=alert,f'),
    fc.constantFrom('', '&mid=', '&mid=1', '&mid=1790000000000000'),
  )
  .map((parts) => parts.join(''));

const properQuery = fc.tuple(uid, what).map((parts) => `uid=${parts.join('')}`);

/** Taken whether somebody asks for a token or nobody. */
const vouchedQuery = fc.tuple(uid, what).map(([sub, rest]) => `uid=${sub}${rest}&token=${secretToken({ sub })}`);

const document = fc
  .record({ uid: fc.oneof(uid, anyJson), types: fc.oneof(fc.constant(['notice']), anyJson) }, { requiredKeys: ['uid'] })
  .map((value) => `d=${encodeURIComponent(JSON.stringify(value).toWellFormed())}`);

const oddQuery = fc
  .array(fc.tuple(fc.constantFrom('uid', 'types', 'mid', 'd', 'token', 'x'), encoded), { maxLength: 5 })
  .map((pairs) => pairs.map((pair) => pair.join('=')).join('&'));

const query = fc.oneof(
  { weight: 5, arbitrary: properQuery },
  { weight: 8, arbitrary: vouchedQuery },
  { weight: 2, arbitrary: document },
  { weight: 2, arbitrary: oddQuery },
  { weight: 2, arbitrary: fc.tuple(properQuery, queryCredential).map((parts) => parts.join('&')) },
  { weight: 3, arbitrary: queryCredential },
  {
    weight: 3,
    arbitrary: fc
      .tuple(queryCredential, fc.constantFrom('&mid=', '&types=*', '&types=notice,alert', '&mid=1'))
      .map((parts) => parts.join('')),
  },
);

const path = fc.oneof(
  { weight: 20, arbitrary: fc.constant('/ws') },
  { weight: 1, arbitrary: fc.oneof(fc.constantFrom('/', '/ws/', '//ws', '/send', '*'), encoded) },
);

type Headers = Readonly<Record<string, string>>;

/** What makes an upgrade wrong, or odd. Each replaces what a proper one says. */
const oddHeaders: fc.Arbitrary<Headers> = fc.constantFrom<Headers[]>(
  { 'Sec-WebSocket-Version': '12' },
  { 'Sec-WebSocket-Version': '' },
  { 'Sec-WebSocket-Key': 'short' },
  { 'Sec-WebSocket-Key': '' },
  { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits=99; =' },
  { 'Sec-WebSocket-Extensions': 'permessage-deflate; server_no_context_takeover' },
  { Connection: 'keep-alive, Upgrade' },
  { Upgrade: 'WebSocket' },
  { Upgrade: 'websocket, h2c' },
  { Origin: 'https://evil.example' },
  { Origin: 'http://localhost' },
  { Origin: '\u00ff' },
  { Host: '' },
  { 'Content-Length': '5' },
  { 'X-Forwarded-For': '::1' },
);

const headers: fc.Arbitrary<Headers> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Headers>({}) },
  { weight: 2, arbitrary: oddHeaders },
  { weight: 1, arbitrary: credential.map(([name, value]): Headers => ({ [name]: value })) },
  { weight: 1, arbitrary: protocolCredential.map((value): Headers => ({ 'Sec-WebSocket-Protocol': value })) },
);

/** Upgrades and what follows them. */
export const listeners: fc.Arbitrary<ListenerInput> = fc
  .record({
    method: fc.oneof(
      { weight: 30, arbitrary: fc.constant('GET') },
      { weight: 1, arbitrary: fc.constantFrom('POST', 'HEAD', 'PUT') },
    ),
    path,
    query,
    headers,
    frames: fc.array(frames, { maxLength: 8 }),
    isAtOnce: fc.nat(9).map((tenth) => tenth === 0),
    ending: fc.constantFrom('goodbye' as const, 'goodbye' as const, 'end' as const, 'reset' as const),
  })
  .map(({ method, path: at, query: text, headers: more, ...rest }) => {
    const all = {
      Host: 'localhost',
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'AAECAwQFBgcICQoLDA0ODw==',
      ...more,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
    const handshake = Buffer.from(`${method} ${at}?${text} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1');
    return { kind: 'listener', handshake, ...rest };
  });
