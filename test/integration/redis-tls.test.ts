import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { certificate, key } from '../contract/tls-pair.ts';
import { startChild } from '../support/child.ts';
import { endWith, type Scope } from '../support/cleanup.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis } from '../support/redis.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const poster = fileURLToPath(new URL('../contract/tls-poster.js', import.meta.url));

async function postOverTls(t: Scope, isTrusted: boolean): Promise<string> {
  const dir = await makeTempDir(t);
  const [certFile, keyFile] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  await writeFile(certFile, certificate);
  await writeFile(keyFile, key);
  const port = await freePort();
  const files = ['--tls-cert-file', certFile, '--tls-key-file', keyFile, '--tls-ca-cert-file', certFile];
  await startRedis(t, { args: ['--tls-port', String(port), '--tls-auth-clients', 'no', ...files] });
  const env = isTrusted ? { ...process.env, NODE_EXTRA_CA_CERTS: certFile } : process.env;
  const child = await startChild(process.execPath, [poster, String(port)], { env });
  endWith(t, async () => {
    if (!child.hasExited()) await child.end('SIGKILL');
  });
  return child.line((line) => /^(told|Redis) /.test(line), 'what came of the post');
}

test('TLS: journal and queue work with a certificate that is trusted', async (t) => {
  assert.equal(await postOverTls(t, true), 'told m1');
});

test('TLS: a certificate that nobody vouches for is not taken, and the reason says so', async (t) => {
  assert.match(
    await postOverTls(t, false),
    /^Redis at localhost:\d+ does not answer \(DEPTH_ZERO_SELF_SIGNED_CERT\)\.$/,
  );
});
