import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { endWith, type Scope } from '../support/cleanup.ts';
import { startInstance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { runTidings } from '../support/run-command.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import {
  createIssuerKey,
  keyToken,
  publicJwk,
  publicPem,
  secondsFromNow,
  secretToken,
  tokenSecret,
  type IssuerKey,
} from '../support/tokens.ts';
import { connectWs, refusedWs } from '../support/ws-client.ts';

const env = { TIDINGS_TOKEN_SECRET: tokenSecret };
const [rsa, ec, ed] = [createIssuerKey('RS256', 'a'), createIssuerKey('ES256', 'b'), createIssuerKey('EdDSA', 'c')];

async function keyFile(scope: Scope, ...keys: readonly IssuerKey[]): Promise<string> {
  const path = join(await makeTempDir(scope), 'keys.pem');
  await writeFile(path, keys.map(publicPem).join(''));
  return path;
}

/** `taken`, or the status and the message of the refusal. */
async function says(scope: Scope, wsUrl: string, token: string): Promise<string> {
  const url = `${wsUrl}/ws?token=${token}`;
  const client = await connectWs(scope, url).catch(() => undefined);
  if (client === undefined) {
    const { status, text } = await refusedWs(url);
    return `${status} ${JSON.parse(text).error.message}`;
  }
  await client.close();
  return 'taken';
}

const tokenBy = (key: IssuerKey): string => keyToken({ sub: 'ann', exp: secondsFromNow(60) }, key);

test('a secret and a file of keys serve side by side, each for its own algorithms', async (t) => {
  const path = await keyFile(t, rsa, ec, ed);
  const { wsUrl } = await startInstance(t, { flags: [`--token-key=${path}`], env });
  for (const token of [secretToken({ sub: 'ann' }), ...[rsa, ec, ed].map(tokenBy)]) {
    assert.equal(await says(t, wsUrl, token), 'taken');
  }
  const wrong = '401 The token has a wrong signature.';
  assert.equal(await says(t, wsUrl, tokenBy(createIssuerKey('RS256', 'a'))), wrong);
  for (const secret of [publicPem(rsa), publicPem(rsa).trim()]) {
    assert.equal(await says(t, wsUrl, secretToken({ sub: 'ann' }, { secret })), wrong, 'a public key is no secret');
  }
  assert.match(await says(t, wsUrl, keyToken({ sub: 'ann' }, rsa, { alg: 'RS512' })), /^401 .* not allowed here\.$/);
});

for (const workers of [1, 2]) {
  test(`SIGHUP has the file of keys read again, with ${workers} process(es)`, async (t) => {
    const path = await keyFile(t, rsa);
    const server = await startInstance(t, { flags: [`--token-key=${path}`, `--workers=${workers}`] });
    const open = await connectWs(t, `${server.wsUrl}/ws?token=${tokenBy(rsa)}`);
    await writeFile(path, publicPem(ec));
    const reloads = workers === 1 ? 1 : workers + 1;
    process.kill(server.pid, 'SIGHUP');
    await server.logged('reloaded', () => server.records('reloaded').length >= reloads);
    for (let round = 0; round < 4; round += 1) {
      assert.equal(await says(t, server.wsUrl, tokenBy(ec)), 'taken');
      assert.match(await says(t, server.wsUrl, tokenBy(rsa)), /^401/);
    }
    await writeFile(path, '-----BEGIN');
    process.kill(server.pid, 'SIGHUP');
    const { what, reason } = await server.logged('reload.failed');
    assert.equal(what, 'token-key');
    assert.match(String(reason), /holds no public key/);
    assert.equal(await says(t, server.wsUrl, tokenBy(ec)), 'taken', 'it keeps those it has');
    await post(server.url, { topic: 'uids', topic_ids: ['ann'], msg: 'still here' });
    assert.equal(Object(await open.next()).msg, 'still here', 'who is connected is not asked again');
  });

  test(`a file that holds no key is one line at the start, with ${workers} process(es)`, async (t) => {
    const dir = await makeTempDir(t);
    await writeFile(join(dir, 'private.pem'), rsa.privateKey.export({ format: 'pem', type: 'pkcs8' }));
    for (const [file, says] of [
      ['missing.pem', 'cannot be read (ENOENT)'],
      ['private.pem', 'holds a private key: give its public half alone'],
    ]) {
      const flags = [`--token-key=${file}`, '--port=0', '--admin-port=0', `--workers=${workers}`];
      const { code, stdout, stderr } = await runTidings(['serve', ...flags], { cwd: dir });
      assert.deepEqual([code, stdout, stderr], [69, '', `tidings: token-key ${file}: ${says}\n`]);
    }
  });
}

test('the keys that an issuer publishes are fetched, and none are needed of those who have theirs while he is away', async (t) => {
  const issuer = createServer((_request, response) => response.end(JSON.stringify({ keys: [rsa, ec].map(publicJwk) })));
  issuer.listen(0, '127.0.0.1');
  await once(issuer, 'listening');
  endWith(t, () => {
    issuer.close();
    issuer.closeAllConnections();
  });
  const { port } = issuer.address() as AddressInfo;
  const { wsUrl } = await startInstance(t, { flags: [`--token-jwks=http://127.0.0.1:${port}/keys`], env });
  for (const key of [rsa, ec]) assert.equal(await says(t, wsUrl, tokenBy(key)), 'taken');
  assert.match(await says(t, wsUrl, tokenBy(ed)), /^401 The token is signed with a key that is not known here/);
  issuer.close();
  issuer.closeAllConnections();
  assert.equal(await says(t, wsUrl, tokenBy(ec)), 'taken');

  const away = await startInstance(t, { flags: [`--token-jwks=http://127.0.0.1:${port}/keys`], env });
  const refused = await refusedWs(`${away.wsUrl}/ws?token=${tokenBy(ec)}`);
  assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '2'], refused.text);
  assert.equal(await says(t, away.wsUrl, secretToken({ sub: 'ann' })), 'taken', 'a secret needs nobody');
  const { reason } = await away.logged('keys.away');
  assert.equal(reason, 'ECONNREFUSED');
});

test('each of several processes takes a token, and each closes what is over', async (t) => {
  const { wsUrl, adminUrl } = await startInstance(t, { flags: ['--workers=2', '--token-leeway=0s'], env });
  const token = secretToken({ sub: 'ann', exp: secondsFromNow(3) });
  const clients = await Promise.all(Array.from({ length: 6 }, () => connectWs(t, `${wsUrl}/ws?token=${token}`)));
  const closed = await Promise.all(clients.map((client) => client.closed));
  assert.deepEqual(new Set(closed.map(({ code }) => code)), new Set([4501]));
  const stats = await (await fetch(`${adminUrl}/stats`)).json();
  assert.equal(Object(stats).counters.tokensExpired, 6);
});

test('tidings token prints one that the server takes', async (t) => {
  const flags = ['--token-issuer=us', '--token-audience=chat,mail'];
  const { wsUrl, url } = await startInstance(t, { flags, env });
  const made = await runTidings(['token', '--uid=ann', '--types=a,b', '--ttl=90s', ...flags], { env });
  assert.deepEqual([made.code, made.stderr], [0, '']);
  const token = made.stdout.trim();
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  assert.ok(Math.abs(claims.exp - secondsFromNow(90)) <= 30, JSON.stringify(claims));
  assert.deepEqual([claims.sub, claims.types, claims.iss, claims.aud], ['ann', ['a', 'b'], 'us', 'chat']);
  const client = await connectWs(t, `${wsUrl}/ws?token=${token}`);
  await post(url, { topic: 'uids', topic_ids: ['ann'], types: 'b', msg: 'hello' });
  assert.equal(Object(await client.next()).msg, 'hello');
  assert.equal(
    await says(t, wsUrl, (await runTidings(['token', '--uid', 'bob', ...flags], { env })).stdout.trim()),
    'taken',
  );
});

test('what tidings token cannot make is one line, and exit 64', async () => {
  const cases: readonly [string[], RegExp, Record<string, string>?][] = [
    [['token'], /^tidings: needs the user whom it is for: tidings token --uid=1\n$/],
    [['token', '--uid=1'], /^tidings: a token is signed with token-secret, which is not set\n$/, {}],
    [['token', '--uid='], /^tidings: The token has a claim "sub" that must not be empty\.\n$/],
    [['token', '--uid=1', '--ttl=1'], /^tidings: flag --ttl: must be a time from 1s to 8784h with its unit/],
    [['token', '--uid=1', '--ttl=0'], /^tidings: flag --ttl/],
    [['token', '--uid=1', '--types='], /^tidings: The token has a claim "types"/],
    [['serve', '--uid=1'], /^tidings: flag --uid: is for the command token alone\n$/],
    [['--ttl=1h'], /^tidings: flag --ttl: is for the command token alone\n$/],
    [['token', '--uidd=1'], /^tidings: unknown flag --uidd; did you mean --uid\?\n$/],
  ];
  for (const [args, message, environment = env] of cases) {
    const { code, stdout, stderr } = await runTidings(args, { env: environment });
    assert.deepEqual([code, stdout], [64, ''], args.join(' '));
    assert.match(stderr, message);
  }
});
