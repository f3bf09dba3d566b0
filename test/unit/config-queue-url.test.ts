import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeQueue, parseQueueUrl, type QueueUrl } from '../../src/config/queue-url.ts';

function read(text: string): QueueUrl {
  const parsed = parseQueueUrl(text);
  assert.ok(parsed.ok, `${text}: ${parsed.ok ? '' : parsed.problem}`);
  return parsed.value;
}

function problem(text: string): string {
  const parsed = parseQueueUrl(text);
  assert.ok(!parsed.ok, `${text} was accepted`);
  return parsed.problem;
}

const plain = { kind: 'redis', host: 'h', port: 6379, db: 0, tls: false } as const;

test('list stands alone', () => {
  assert.deepEqual(read('list'), { kind: 'list' });
  assert.match(problem('list/localhost'), /takes no address/);
});

test('every spelling of an address is read', () => {
  const table: readonly (readonly [string, QueueUrl])[] = [
    ['redis/h', plain],
    ['redis/h:6380', { ...plain, port: 6380 }],
    ['redis/h/3', { ...plain, db: 3 }],
    ['redis/h:6380/15', { ...plain, port: 6380, db: 15 }],
    ['redis/h:6380/', { ...plain, port: 6380 }],
    ['redis://h:6380/2', { ...plain, port: 6380, db: 2 }],
    ['REDIS://h', plain],
    ['rediss/h', { ...plain, tls: true }],
    ['rediss://h:1', { ...plain, tls: true, port: 1 }],
    ['bullmq/h', { ...plain, kind: 'bullmq' }],
    ['bullmq://h:7', { ...plain, kind: 'bullmq', port: 7 }],
    ['bullmqs/h', { ...plain, kind: 'bullmq', tls: true }],
    ['redis/[::1]:6379', { ...plain, host: '::1' }],
    ['redis/[fe80::1]/4', { ...plain, host: 'fe80::1', db: 4 }],
    ['redis/10.0.0.7:1', { ...plain, host: '10.0.0.7', port: 1 }],
  ];
  for (const [text, queue] of table) assert.deepEqual(read(text), queue, text);
});

test('a Redis that several servers are asked for is read', () => {
  const login = { tls: false } as const;
  const sentinel = { kind: 'redis', via: 'sentinel', master: 'm', db: 0, ...login } as const;
  const cluster = { kind: 'redis', via: 'cluster', db: 0, ...login } as const;
  const table: readonly (readonly [string, QueueUrl])[] = [
    ['redis-sentinel/h/m', { ...sentinel, servers: [{ host: 'h', port: 26379 }] }],
    [
      'redis-sentinel/a,b:1,[::1]:2/m',
      {
        ...sentinel,
        servers: [
          { host: 'a', port: 26379 },
          { host: 'b', port: 1 },
          { host: '::1', port: 2 },
        ],
      },
    ],
    [
      'bullmqs-sentinel://ann:p%40@h/my-master_1.x/3',
      {
        ...sentinel,
        kind: 'bullmq',
        tls: true,
        username: 'ann',
        password: 'p@',
        servers: [{ host: 'h', port: 26379 }],
        master: 'my-master_1.x',
        db: 3,
      },
    ],
    [
      'redis-sentinel/:p@h/m/?sentinel-password=a%26b?c',
      { ...sentinel, password: 'p', servers: [{ host: 'h', port: 26379 }], sentinelPassword: 'a&b?c' },
    ],
    [
      'redis-sentinel/h/m?sentinel-user=bob&sentinel-password=x',
      {
        ...sentinel,
        servers: [{ host: 'h', port: 26379 }],
        sentinelUsername: 'bob',
        sentinelPassword: 'x',
      },
    ],
    [
      'rediss-cluster/:p@a,b:7000',
      {
        ...cluster,
        tls: true,
        password: 'p',
        servers: [
          { host: 'a', port: 6379 },
          { host: 'b', port: 7000 },
        ],
      },
    ],
    ['bullmq-cluster/h:1/0', { ...cluster, kind: 'bullmq', servers: [{ host: 'h', port: 1 }] }],
  ];
  for (const [text, queue] of table) assert.deepEqual(read(text), queue, text);
});

test('user and password are percent-decoded, and may hold what separates elsewhere', () => {
  const table: readonly (readonly [string, string | undefined, string])[] = [
    ['redis/:secret@h', undefined, 'secret'],
    ['redis/ann:secret@h', 'ann', 'secret'],
    ['redis://ann:secret@h', 'ann', 'secret'],
    ['redis/:p%40ss%2Fw%25d%3A@h', undefined, 'p@ss/w%d:'],
    ['redis/:p@ss/w:d@h', undefined, 'p@ss/w:d'],
    ['redis/a%3Ab:%C3%BC@h', 'a:b', 'ü'],
    ['redis/:[::1]@h', undefined, '[::1]'],
  ];
  for (const [text, username, password] of table) {
    assert.deepEqual(read(text), { ...plain, password, ...(username === undefined ? {} : { username }) }, text);
  }
});

test('a wrong address says what is wrong with it', () => {
  const table: readonly (readonly [string, RegExp])[] = [
    ['', /^must be list, redis\/HOST:PORT or bullmq\/HOST:PORT$/],
    [':secret@h', /^must be list, redis/],
    ['redis', /no valid host; write redis\/HOST:PORT/],
    ['redis/', /no valid host/],
    ['redis://', /no valid host/],
    ['redis/:6379', /no valid host/],
    ['redis/a b', /no valid host/],
    ['redis/::1', /no valid host.*brackets/],
    ['redis/[::1', /no valid host/],
    ['redis/h:', /port that is not/],
    ['redis/h:0', /port that is not/],
    ['redis/h:65536', /port that is not/],
    ['redis/h:abc', /port that is not/],
    ['redis/h:1:2', /port that is not/],
    ['redis/h:1/x', /database that is not/],
    ['redis/h:1/-1', /database that is not/],
    ['redis/h:1/0/0', /database that is not/],
    ['redis/h:1/0?tls=true', /database that is not/],
    ['redis/h/2147483648', /database that is not/],
    ['redis/secret@h', /no password before the @/],
    ['redis/:@h', /empty password/],
    ['redis/ann:@h', /empty password/],
    ['redis/:50%@h', /write % as %25/],
    ['redis-sentinel/h', /no valid name of a master; write redis-sentinel\/HOST:PORT,HOST:PORT\/MASTER/],
    ['redis-sentinel/h//0', /no valid name of a master/],
    ['redis-sentinel/h,/m', /no valid host/],
    ['redis-sentinel/h/m/x', /database that is not/],
    ['redis-sentinel/h/m/0/0', /database that is not/],
    ['redis-sentinel/h/m?', /takes only \?sentinel-password/],
    ['redis-sentinel/h/m?password=x', /takes only \?sentinel-password/],
    ['redis-sentinel/h/m?sentinel-password=', /takes only \?sentinel-password/],
    ['redis-sentinel/h/m?sentinel-password=50%', /with % as %25/],
    ['redis-sentinel/h/m?sentinel-user=x', /sentinel-user without/],
    ['redis-cluster/', /no valid host; write redis-cluster\/HOST:PORT,HOST:PORT/],
    ['redis-cluster/a,b:0', /port that is not/],
    ['redis-cluster/a/1', /Redis Cluster has only one/],
    ['redis-proxy/a', /^unknown queue redis-proxy/],
    ['rabbit/h:1', /^unknown queue rabbit; must be list, redis\/HOST:PORT or bullmq\/HOST:PORT$/],
    ['redisx://h', /^unknown queue redisx/],
  ];
  for (const [text, pattern] of table) assert.match(problem(text), pattern, text);
});

test('disque is answered with its replacement', () => {
  for (const text of ['disque/localhost:7711', 'disque', 'disque://h']) {
    assert.equal(problem(text), 'disque is no longer maintained; use --queue=bullmq/HOST:PORT');
  }
});

test('no problem and no description repeats a password', () => {
  const schemes = [
    'redis/',
    'rediss://',
    'bullmq/',
    'bullmqs-sentinel/',
    'bullmq-cluster/',
    'rabbit/',
    'list/',
    '',
    '/',
  ];
  const credentials = [':hunter2@', 'ann:hunter2@', 'hunter2@', ':hunter2%zz@', ':x@hunter2/y@'];
  const addresses = [
    'h:1/0',
    'h:1/m?sentinel-password=hunter2',
    'h:1/m?hunter2',
    'h:abc',
    'h:1/x',
    '',
    'a b',
    '[::1',
    '@',
  ];
  let problems = 0;
  let descriptions = 0;
  for (const scheme of schemes) {
    for (const credential of credentials) {
      for (const address of addresses) {
        const text = scheme + credential + address;
        const parsed = parseQueueUrl(text);
        assert.doesNotMatch(parsed.ok ? describeQueue(parsed.value) : parsed.problem, /hunter2/, text);
        if (parsed.ok) descriptions += 1;
        else problems += 1;
      }
    }
  }
  assert.ok(
    problems > 100 && descriptions >= 12,
    `${problems} problems and ${descriptions} descriptions were looked at`,
  );
});

test('a description is what one would write, and is read back', () => {
  const table: readonly (readonly [string, string])[] = [
    ['list', 'list'],
    ['redis://h', 'redis/h:6379/0'],
    ['bullmqs/[::1]:1/2', 'bullmqs/[::1]:1/2'],
    ['rediss/ann:secret@h', 'rediss/ann:***@h:6379/0'],
    ['redis/:secret@h', 'redis/:***@h:6379/0'],
    ['rediss-sentinel/:secret@a,[::1]:1/m', 'rediss-sentinel/:***@a:26379,[::1]:1/m/0'],
    [
      'redis-sentinel/a/m/2?sentinel-password=secret&sentinel-user=b%26',
      'redis-sentinel/a:26379/m/2?sentinel-user=b%26&sentinel-password=***',
    ],
    ['bullmq-cluster/ann:secret@a,b', 'bullmq-cluster/ann:***@a:6379,b:6379'],
  ];
  for (const [text, description] of table) {
    assert.equal(describeQueue(read(text)), description);
    assert.equal(describeQueue(read(description)), description);
  }
});
