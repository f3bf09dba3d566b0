import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeCertificate } from '../support/certificate.ts';
import { within } from '../support/deadline.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { projectRoot } from '../support/project.ts';
import { openRaw } from '../support/raw-socket.ts';
import { request, type Answer } from '../support/request.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { refusedWs } from '../support/ws-client.ts';
import { adminRoutes } from './admin-routes.ts';
import { readAnswers } from './serving.ts';

const file = { after };
const { ca, flags: tlsFlags } = await makeCertificate(await makeTempDir(file), 'served');
// Every answer of the admin listener as of the public one: so it is to speak TLS as well.
const plain = await startInstance(file, { flags: ['--request-timeout=500ms'] });
const secure = await startInstance(file, {
  flags: [...tlsFlags, '--admin-host=0.0.0.0', '--insecure', '--request-timeout=500ms'],
});
const crew = await startInstance(file, { flags: ['--workers=2'] });

const everywhere: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
};

const onPages: Readonly<Record<string, string>> = {
  ...everywhere,
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'permissions-policy': 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
  'cache-control': 'no-cache',
};

const hsts = 'strict-transport-security';
const version = /\d+\.\d+\.\d+|koa|node|express/i;

type Guarded = Pick<Answer, 'status' | 'headers'>;

/** Each header once, with its value, and none that says what serves here. */
function assertGuarded({ status, headers }: Guarded, isSecure: boolean, what: string): void {
  const isPage = status === 200 && what.includes('/demo/');
  for (const [name, value] of Object.entries(isPage ? onPages : everywhere)) {
    assert.equal(headers[name], value, `${what}: ${name}`);
  }
  assert.equal(headers[hsts], isSecure ? 'max-age=31536000' : undefined, `${what}: ${hsts}`);
  for (const name of ['server', 'x-powered-by', 'via', 'x-aspnet-version', 'access-control-allow-origin']) {
    assert.equal(headers[name], undefined, `${what}: ${name}`);
  }
  for (const [name, value] of Object.entries(headers)) {
    if (name !== 'date') assert.doesNotMatch(String(value), version, `${what}: ${name}`);
  }
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'];

const demoFiles = readdirSync(join(projectRoot, 'demo'));
const publicPaths = ['/', '/demo', '/send', '/ws', '/healthz', '/readyz'];
const nowhere = ['/nothing', '/demo/nothing.js', '/demo/..%2fpackage.json', '/%', '//', '/send/', '/ws/x', '/stats'];

test('the paths of this test are those of the public listener', () => {
  const source = readFileSync(join(projectRoot, 'src/ingress/application.ts'), 'utf8');
  const routes = [...source.matchAll(/router\.\w+\('([^']+)'/g)].map(([, path = '']) => path);
  assert.deepEqual(new Set([...publicPaths, '/demo/{*name}']), new Set([...routes, '/send']));
  assert.ok(demoFiles.length >= 8, `${demoFiles.length} files`);
});

for (const [name, { url, wsUrl, adminUrl }, isSecure] of [
  ['plain', plain, false],
  ['TLS', { ...secure, adminUrl: secure.adminUrl.replace('0.0.0.0', '127.0.0.1') }, true],
  ['workers', crew, false],
] as const) {
  test(`${name}: every answer of the public listener has the headers`, async () => {
    let count = 0;
    for (const path of [...publicPaths, '/demo/', ...demoFiles.map((one) => `/demo/${one}`), ...nowhere]) {
      for (const method of methods) {
        const answer = await request(`${url}${path}`, { method, ca });
        assertGuarded(answer, isSecure, `${method} ${path} ${answer.status}`);
        count += 1;
      }
    }
    assert.ok(count >= 150, `${count} answers`);
    const json = { 'content-type': 'application/json' };
    for (const [body, headers, status] of [
      ['{"topic":"all","msg":1}', json, 202],
      ['{"topic":"all","msg":', json, 400],
      ['{}', json, 400],
      ['{}', {}, 415],
      ['x'.repeat(1_100_000), json, 413],
      ['{}', { ...json, expect: '100-continue', 'content-length': '99999999' }, 413],
      ['{}', { ...json, origin: 'https://evil.example' }, 403],
    ] as const) {
      const answer = await request(`${url}/send`, { method: 'POST', body, headers, ca });
      assert.equal(answer.status, status, answer.text);
      assertGuarded(answer, isSecure, `POST /send ${status}`);
    }
  });

  test(`${name}: so has every answer of the admin listener`, async () => {
    const paths = [...new Set(adminRoutes.map(({ path }) => path)), '/nothing', '/', '/%'];
    for (const path of paths) {
      for (const method of methods) {
        // That one ends the server.
        if (method === 'POST' && path === '/drain') continue;
        const answer = await request(`${adminUrl}${path}`, { method, ca });
        assertGuarded(answer, isSecure, `${method} ${path} ${answer.status} (admin)`);
      }
    }
    const foreign = await request(`${adminUrl}/drain`, {
      method: 'POST',
      headers: { origin: 'https://a.example' },
      ca,
    });
    assert.equal(foreign.status, 403);
    assertGuarded(foreign, isSecure, 'POST /drain from a foreign page');
  });

  test(`${name}: so has every upgrade that is refused`, async () => {
    for (const [path, options] of [
      ['/nothing?uid=1', {}],
      ['/ws', {}],
      ['/ws?uid=1', { headers: { origin: 'https://evil.example' } }],
      ['/ws?uid=1&mid=x', {}],
    ] as const) {
      const answer = await refusedWs(`${wsUrl}${path}`, { ca, ...options });
      assertGuarded(answer, isSecure, `${path} ${answer.status}`);
    }
    const headers = { connection: 'Upgrade', upgrade: 'websocket' };
    const keyless = await request(`${url}/ws?uid=1`, { headers, ca });
    assert.equal(keyless.status, 400);
    assertGuarded(keyless, isSecure, 'a handshake without a key');
  });
}

test('so have the answers to what is no request', async (t) => {
  for (const [bytes, status] of [
    ['what is this\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nHost: x\r\nA: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
    ['GET / HTTP/1.1\r\nHost: x\r\n', 408],
    ['GET / HTTP/1.1\r\n\r\n', 400],
    ['POST /send HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
  ] as const) {
    const answer = await rawAnswer(t, plain, bytes);
    assert.equal(answer.status, status, bytes.slice(0, 50));
    assertGuarded(answer, false, bytes.slice(0, 50));
  }
});

async function rawAnswer(t: Parameters<typeof openRaw>[0], { url }: Instance, bytes: string): Promise<Answer> {
  const socket = await openRaw(t, url);
  await socket.write(bytes);
  const received = await within(socket.closed, 'the end of the connection');
  const [answer, ...more] = readAnswers(received.toString('latin1'));
  assert.ok(answer !== undefined && more.length === 0, received.toString('latin1'));
  return answer;
}
