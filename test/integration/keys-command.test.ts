import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { hashOf } from '../support/hash-of.ts';
import { startInstance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { request } from '../support/request.ts';
import { runTidings } from '../support/run-command.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { connectWs, refusedWs } from '../support/ws-client.ts';
import { assertError } from './serving.ts';

test('tidings keys makes a configuration by which every door asks, and shows the keys once', async (t) => {
  const { code, stdout, stderr } = await runTidings(['keys'], { env: { TIDINGS_HOST: '0.0.0.0' } });
  assert.equal(code, 0, stderr);
  const sendKey = /^ +to post +(tidings_send_[\w-]{43})$/m.exec(stderr)?.[1] ?? assert.fail(stderr);
  const adminKey = /^ +to manage +(tidings_admin_[\w-]{43})$/m.exec(stderr)?.[1] ?? assert.fail(stderr);
  assert.match(stderr, /shown once/);
  for (const key of [sendKey, adminKey]) {
    assert.ok(!stdout.includes(key), 'the configuration holds hashes');
    assert.ok(stdout.includes(hashOf(key)));
  }
  const secret = /^token-secret: (\S{43})$/m.exec(stdout)?.[1] ?? assert.fail(stdout);
  assert.ok(!stderr.includes(secret));

  const file = join(await makeTempDir(t), 'tidings.yaml');
  await writeFile(file, stdout);
  const exposed = ['--host=0.0.0.0', '--admin-host=0.0.0.0'];
  const config = await runTidings(['config', `--config=${file}`, ...exposed]);
  assert.equal(config.code, 0, config.stderr);
  assert.ok(!config.stdout.includes(secret));
  assert.equal((await runTidings(['config', ...exposed])).code, 64, 'without it that is refused');

  const { url, wsUrl, adminUrl, lines, records } = await startInstance(t, { flags: [`--config=${file}`] });
  assert.deepEqual(records('listening')[0]?.['doors'], { send: 'a key', listen: 'a token', admin: 'a key' });
  const envelope = { topic: 'all', msg: 'm' };
  assertError(await post(url, envelope), 'unauthenticated');
  assertError(await post(url, envelope, { headers: { authorization: `Bearer ${adminKey}` } }), 'unauthenticated');
  assert.equal((await post(url, envelope, { headers: { authorization: `Bearer ${sendKey}` } })).status, 202);
  for (const key of [undefined, sendKey])
    assertError(
      await request(`${adminUrl}/stats`, { headers: key ? { authorization: `Bearer ${key}` } : {} }),
      'unauthenticated',
    );
  for (const [method, path, status] of [
    ['GET', '/stats', 200],
    ['DELETE', '/messages/x', 404],
  ] as const)
    assert.equal(
      (await request(`${adminUrl}${path}`, { method, headers: { authorization: `Bearer ${adminKey}` } })).status,
      status,
    );
  assertError(await refusedWs(`${wsUrl}/ws?uid=1`), 'unauthenticated');
  const token = (await runTidings(['token', `--config=${file}`, '--uid=1'])).stdout.trim();
  await (await connectWs(t, `${wsUrl}/ws?token=${token}`)).close();
  for (const shown of [secret, sendKey, adminKey, token]) assert.ok(!lines.join('\n').includes(shown));
});

test('two runs have nothing in common, and a slip is an error', async () => {
  const [first, second] = await Promise.all([runTidings(['keys']), runTidings(['keys'])]);
  const secrets = (text: string): string[] => text.match(/[\w-]{43}/g) ?? [];
  const all = [first, second].flatMap(({ stdout, stderr }) => [...secrets(stdout), ...secrets(stderr)]);
  assert.equal(all.length, 10);
  assert.equal(new Set(all).size, 10);
  const slip = await runTidings(['keys', '--prot=1']);
  assert.equal(slip.code, 64);
  assert.equal(slip.stdout, '');
});
