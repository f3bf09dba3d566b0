import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startInstance } from '../support/instance.ts';
import { request, type Answer } from '../support/request.ts';
import { adminRoutes } from './admin-routes.ts';

const file = { after };
const listed = 'https://app.example.com';
const below = 'https://a.b.example.org';
const server = await startInstance(file, { flags: [`--origins=${listed},https://*.example.org`] });
const open = await startInstance(file, { flags: ['--origins=*'] });
const own = new URL(server.url).origin;

const publicPaths = [
  '/',
  '/demo',
  '/demo/',
  '/demo/app.js',
  '/send',
  '/ws',
  '/healthz',
  '/readyz',
  '/nothing',
  '/stats',
];
const adminPaths = [...new Set(adminRoutes.map(({ path }) => path)), '/nothing'];
const foreign = ['https://evil.example', 'http://app.example.com', 'https://app.example.com.evil.example', 'null'];

/** What a browser goes by when it decides whether a page may read an answer. */
const corsHeaders = ({ headers }: Pick<Answer, 'headers'>): readonly string[] =>
  Object.keys(headers).filter((name) => name.startsWith('access-control-'));

const preflight = (url: string, origin: string): Promise<Answer> =>
  request(url, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,authorization',
    },
  });

test('no answer but that of /send may be read by a page of another origin, and that by allowed ones only', async () => {
  let count = 0;
  for (const [base, paths] of [
    [server.url, publicPaths],
    [server.adminUrl, adminPaths],
  ] as const) {
    for (const path of paths) {
      for (const origin of [listed, below, own, ...foreign]) {
        const isAllowed = base === server.url && path === '/send' && !foreign.includes(origin);
        for (const method of ['GET', 'HEAD', 'POST', 'DELETE']) {
          // Nobody keeps it from ending when the page is its own.
          if (path === '/drain' && method === 'POST' && origin === own) continue;
          const headers = { origin, 'content-type': 'application/json' };
          const answer = await request(`${base}${path}`, { method, headers });
          const what = `${method} ${path} from ${origin}: ${answer.status}`;
          assert.deepEqual(corsHeaders(answer), isAllowed ? ['access-control-allow-origin'] : [], what);
          if (isAllowed) {
            assert.equal(answer.headers['access-control-allow-origin'], origin, what);
            assert.equal(answer.headers['vary'], 'Origin', what);
          }
          count += 1;
        }
        const asked = await preflight(`${base}${path}`, origin);
        if (isAllowed) assert.equal(asked.status, 204);
        else assert.ok(asked.status >= 400, `${path} from ${origin}: ${asked.status}`);
        assert.equal(corsHeaders(asked).length > 0, isAllowed, `a preflight of ${path} from ${origin}`);
        count += 1;
      }
    }
  }
  assert.ok(count > 500, `${count} answers`);
});

test('a preflight says what a page may send, and never that it may send cookies', async () => {
  for (const [url, origin] of [
    [server.url, listed],
    [server.url, below],
    [open.url, 'https://any.example'],
    [open.url, 'null'],
  ] as const) {
    const { headers } = await preflight(`${url}/send`, origin);
    assert.equal(headers['access-control-allow-origin'], origin, 'never a star: who is allowed is told so by name');
    assert.equal(headers['access-control-allow-methods'], 'POST');
    const sendable = String(headers['access-control-allow-headers']).toLowerCase().split(/, */);
    for (const name of ['content-type', 'idempotency-key', 'authorization', 'x-api-key']) {
      assert.ok(sendable.includes(name), name);
    }
    assert.equal(headers['access-control-allow-credentials'], undefined);
    assert.equal(headers['vary'], 'Origin');
  }
});
