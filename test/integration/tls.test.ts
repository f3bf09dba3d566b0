import assert from 'node:assert/strict';
import { copyFile, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { after, test } from 'node:test';
import { makeCertificate } from '../support/certificate.ts';
import { endWith, type Scope } from '../support/cleanup.ts';
import { eventually, within } from '../support/deadline.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { openRaw } from '../support/raw-socket.ts';
import { request } from '../support/request.ts';
import { runTidings } from '../support/run-command.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { connectWs, refusedWs, type WsClient } from '../support/ws-client.ts';
import { assertError, ended } from './serving.ts';

const file = { after };
const dir = await makeTempDir(file);
const first = await makeCertificate(dir, 'first');
const second = await makeCertificate(dir, 'second');
const { ca } = first;

const listen = (scope: Scope, { wsUrl }: Instance, query: string): Promise<WsClient> =>
  connectWs(scope, `${wsUrl}/ws?${query}`, { ca });
const msgsOf = ({ frames }: WsClient): unknown[] =>
  (frames as { event?: string; msg?: unknown }[]).flatMap(({ event, msg }) => (event === undefined ? [msg] : []));

/** A connection with TLS established; rejects with what hinders it. */
async function secure(
  scope: Scope,
  { url }: Pick<Instance, 'url'>,
  options: ConnectionOptions = {},
): Promise<TLSSocket> {
  const { hostname: host, port } = new URL(url);
  const socket = connect({ host, port: Number(port), rejectUnauthorized: false, ...options });
  endWith(scope, () => void socket.destroy());
  await within(
    new Promise((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.on('error', reject);
      socket.once('close', () => reject(new Error('closed')));
    }),
    'TLS to be established',
  );
  return socket;
}

interface Stats {
  readonly gauges: { readonly connections: number; readonly behind: number };
  readonly counters: Readonly<Record<string, number>>;
}

const statsWhen = ({ adminUrl }: Instance, holds: (stats: Stats) => boolean): Promise<Stats> =>
  eventually(async () => {
    const stats = (await request(`${adminUrl}/stats`)).json as Stats;
    return holds(stats) ? stats : undefined;
  }, 'the statistics');

const presented = async (scope: Scope, instance: Instance): Promise<string> =>
  (await secure(scope, instance)).getPeerX509Certificate()?.toString() ?? 'none';

for (const workers of [1, 2]) {
  const flags = [...first.flags, `--workers=${workers}`];
  const name = workers === 1 ? 'one process' : `${workers} workers`;

  test(`${name}: posts and listeners come through TLS, and it is said where`, async (t) => {
    const instance = await startInstance(t, { flags });
    assert.match(instance.url, /^https:\/\/127\.0\.0\.1:\d+$/);
    assert.match(instance.adminUrl, /^http:/, 'on loopback nobody can listen in');
    const said = (start: string) => eventually(() => instance.lines.find((line) => line.includes(start)), start);
    assert.match(await said('  Listen '), /Listen {2}wss:\/\/127/);
    assert.match(await said('  Post '), /Post {4}https:/);
    assert.match(instance.wsUrl, /^wss:/);

    const listeners = await Promise.all(
      Array.from({ length: 8 }, (_, uid) => listen(t, instance, `uid=${uid}${uid % 2 === 0 ? '&mid=' : ''}`)),
    );
    const agent = new Agent({ ca, keepAlive: true });
    endWith(t, () => agent.destroy());
    for (let number = 0; number < 20; number += 1) {
      const batch = Array.from({ length: 50 }, (_, index) => ({ topic: 'all', msg: number * 50 + index }));
      assert.equal((await post(instance.url, batch, { agent })).status, 202);
    }
    for (const listener of listeners) {
      await listener.until((frame) => (frame as { msg?: number }).msg === 999);
      assert.deepEqual(
        msgsOf(listener),
        Array.from({ length: 1000 }, (_, number) => number),
      );
    }
    assert.equal((await request(`${instance.url}/readyz`, { ca })).status, 200);
    assertError(await refusedWs(`${instance.wsUrl}/ws`, { ca }), 'invalid_listen');
    // What offers another protocol is served without it, and without TLS inside of TLS.
    const offer = await request(`${instance.url}/healthz`, { ca, headers: { Connection: 'Upgrade', Upgrade: 'h2c' } });
    assert.equal(offer.text, '{"status":"ok"}');
  });

  test(`${name}: SIGHUP takes the new certificate for new connections, and leaves the open ones`, async (t) => {
    const at = await makeTempDir(t);
    const { certFile, keyFile } = await makeCertificate(at, 'served');
    const put = async (from: { certFile: string; keyFile: string }): Promise<void> => {
      await copyFile(from.certFile, certFile);
      await copyFile(from.keyFile, keyFile);
    };
    await put(first);
    const instance = await startInstance(t, {
      flags: [`--tls-cert=${certFile}`, `--tls-key=${keyFile}`, `--workers=${workers}`],
    });
    const early = await Promise.all(['1', '2'].map((uid) => listen(t, instance, `uid=${uid}`)));
    assert.equal(await presented(t, instance), first.ca);

    // A pair that cannot be used changes nothing: neither half of it.
    await copyFile(second.certFile, certFile);
    process.kill(instance.pid, 'SIGHUP');
    const failed = await instance.logged('reload.failed');
    assert.equal(failed['what'], 'tls-cert');
    assert.equal(failed['reason'], `tls-key ${keyFile} is not the key of tls-cert ${certFile}`);
    for (let times = 0; times < workers; times += 1) assert.equal(await presented(t, instance), first.ca);

    await put(second);
    process.kill(instance.pid, 'SIGHUP');
    const { validUntil } = await instance.logged('reloaded');
    assert.ok(Date.parse(String(validUntil)) > Date.now(), String(validUntil));
    const isSecond = async (): Promise<boolean> => (await presented(t, instance)) === second.ca;
    // Workers are told one after the other.
    await within(
      (async () => {
        for (let inRow = 0; inRow < 2 * workers;) inRow = (await isSecond()) ? inRow + 1 : 0;
      })(),
      'every process to present the new certificate',
    );
    const late = await connectWs(t, `${instance.wsUrl}/ws?uid=3`, { ca: second.ca });
    assert.equal((await post(instance.url, { topic: 'all', msg: 'for all' }, { ca: second.ca })).status, 202);
    for (const client of [...early, late]) assert.equal(((await client.next()) as { msg: string }).msg, 'for all');
    assert.equal(instance.records('reloaded').length, 1);
    assert.ok(!instance.lines.some((line) => line.includes('PRIVATE KEY')));
  });

  test(`${name}: who opens a connection and not TLS is cut after the time for a request`, async (t) => {
    const instance = await startInstance(t, { flags: [...flags, '--request-timeout=300ms'] });
    const silent = await openRaw(t, instance.url);
    const slow = await openRaw(t, instance.url);
    // The head of a ClientHello, which never comes.
    await slow.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]));
    const plain = await openRaw(t, instance.url);
    await plain.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    for (const raw of [silent, slow, plain]) {
      const received = await ended(raw);
      assert.ok(!received.toString('latin1').includes('HTTP'), 'nothing is answered in the clear');
    }
    assert.equal((await request(`${instance.url}/healthz`, { ca })).status, 200);
  });
}

test('nothing older than TLS 1.2 is spoken, nothing without forward secrecy, and no second handshake', async (t) => {
  // Node itself would allow it here: the bound is ours.
  const env = { NODE_OPTIONS: '--tls-min-v1.0 --tls-cipher-list=DEFAULT@SECLEVEL=0' };
  const instance = await startInstance(t, { flags: first.flags, env });
  const weak = 'DEFAULT@SECLEVEL=0';
  for (const version of ['TLSv1', 'TLSv1.1'] as const) {
    const old = secure(t, instance, { minVersion: version, maxVersion: version, ciphers: weak });
    await assert.rejects(old, /protocol version/i);
  }
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = await secure(t, instance, { minVersion: version, maxVersion: version });
    assert.equal(socket.getProtocol(), version);
    assert.match(socket.getCipher().name, /GCM|CHACHA20/);
  }
  for (const ciphers of ['ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA384', 'AES256-GCM-SHA384']) {
    const offered = { maxVersion: 'TLSv1.2', ciphers: `${ciphers}:@SECLEVEL=0` } as const;
    await assert.rejects(secure(t, instance, offered), /handshake failure/i, ciphers);
  }

  const again = await secure(t, instance, { maxVersion: 'TLSv1.2' });
  const refused = new Promise<unknown>((resolve) => {
    again.once('error', resolve);
    again.renegotiate({}, (error) => resolve(error));
  });
  assert.match(String(await within(refused, 'an answer to the second handshake')), /no renegotiation/i);
});

test('SIGHUP with nothing to reload says so and ends nothing', async (t) => {
  for (const workers of [1, 2]) {
    const instance = await startInstance(t, { flags: [`--workers=${workers}`] });
    const client = await connectWs(t, `${instance.wsUrl}/ws?uid=1`);
    process.kill(instance.pid, 'SIGHUP');
    await instance.logged('reload.nothing');
    assert.equal((await post(instance.url, { topic: 'all', msg: 'still there' })).status, 202);
    assert.equal(((await client.next()) as { msg: string }).msg, 'still there');
  }
});

test('listeners behind TLS that do not read are bounded, and get what they missed', async (t) => {
  const flags = [...first.flags, '--connection-budget=64KiB', '--behind-timeout=1h', '--retention-bytes=64MiB'];
  const instance = await startInstance(t, { flags });
  const stuck = await listen(t, instance, 'uid=stuck&mid=');
  const healthy = await listen(t, instance, 'uid=healthy');
  await stuck.next();
  stuck.pause();
  const agent = new Agent({ ca, keepAlive: true });
  endWith(t, () => agent.destroy());
  const text = 'x'.repeat(20_000);
  const count = 600;
  for (let number = 0; number < count; number += 10) {
    const batch = Array.from({ length: 10 }, (_, index) => ({ topic: 'all', msg: [number + index, text] }));
    assert.equal((await post(instance.url, batch, { agent })).status, 202);
  }
  await healthy.count(count);
  const { counters } = (await request(`${instance.adminUrl}/stats`)).json as Stats;
  assert.ok((counters['fellBehind'] ?? 0) >= 1);
  // It holds its budget or one turn; the journal has the rest.
  const { gauges } = await statsWhen(instance, ({ gauges }) => gauges.behind === 1);
  assert.equal(gauges.connections, 2);
  stuck.resume();
  await stuck.count(1 + count);
  const numbers = Array.from({ length: count }, (_, number) => number);
  for (const client of [stuck, healthy])
    assert.deepEqual(
      msgsOf(client).map((msg) => (msg as [number])[0]),
      numbers,
    );
});

test('a drain tells listeners behind TLS to come back, and ends well with some that do not answer', async (t) => {
  for (const workers of [1, 2]) {
    const instance = await startInstance(t, { flags: [...first.flags, `--workers=${workers}`, '--drain=1s'] });
    const clients = await Promise.all([1, 2, 3, 4].map((uid) => listen(t, instance, `uid=${uid}&mid=`)));
    const idle = await secure(t, instance);
    idle.on('error', () => {});
    await openRaw(t, instance.url);
    await instance.stop();
    for (const client of clients) {
      assert.equal((await within(client.closed, 'the goodbye')).code, 1012);
      assert.equal((client.frames.at(-1) as { event: string }).event, 'reconnect');
    }
  }
});

test('a listener that goes without a word is forgotten', async (t) => {
  const instance = await startInstance(t, { flags: first.flags });
  const clients = await Promise.all([1, 2, 3].map((uid) => listen(t, instance, `uid=${uid}`)));
  const [rude, polite, half] = clients as [WsClient, WsClient, WsClient];
  rude.terminate();
  assert.equal((await polite.close(1000)).code, 1000);
  half.terminate();
  await statsWhen(instance, ({ gauges }) => gauges.connections === 0);
});

test('beyond loopback the admin listener speaks TLS as well, and tidings drain speaks it with it', async (t) => {
  for (const workers of [1, 2]) {
    const flags = [...first.flags, '--admin-host=0.0.0.0', '--insecure', `--workers=${workers}`];
    const instance = await startInstance(t, { flags });
    const { port } = new URL(instance.adminUrl);
    assert.equal(instance.adminUrl, `https://0.0.0.0:${port}`);
    assert.equal((await request(`https://127.0.0.1:${port}/stats`, { ca })).status, 200);

    const at = ['drain', '--admin-host=0.0.0.0', '--insecure', `--admin-port=${port}`];
    const other = await runTidings([...at, ...second.flags]);
    assert.equal(other.code, 69);
    assert.match(other.stderr, /presents another certificate than tls-cert/);
    const drained = await runTidings([...at, ...first.flags]);
    assert.equal(drained.code, 0, drained.stderr);
    assert.match(drained.stdout, /It has ended\./);
    await instance.ends();
  }
});

test('a pair that cannot be used is one line before anything is opened', async () => {
  const locked = await makeCertificate(dir, 'locked', { passphrase: 'a passphrase' });
  const empty = `${dir}/empty.pem`;
  await writeFile(empty, 'no pem\n');
  const cases: readonly (readonly [readonly string[], string, number])[] = [
    [[`--tls-cert=${first.certFile}`], 'tls-cert needs tls-key beside it', 64],
    [[`--tls-key=${first.keyFile}`], 'tls-key needs tls-cert beside it', 64],
    [
      [`--tls-cert=${dir}/none`, `--tls-key=${first.keyFile}`],
      `tls-cert ${dir}/none cannot be read: there is no such file`,
      69,
    ],
    [[`--tls-cert=${first.certFile}`, `--tls-key=${dir}`], `tls-key ${dir} cannot be read: it is a directory`, 69],
    [[`--tls-cert=${empty}`, `--tls-key=${first.keyFile}`], `tls-cert ${empty} holds no certificate`, 69],
    [[`--tls-cert=${first.certFile}`, `--tls-key=${empty}`], `tls-key ${empty} holds no private key`, 69],
    [
      [`--tls-cert=${first.certFile}`, `--tls-key=${second.keyFile}`],
      `tls-key ${second.keyFile} is not the key of`,
      69,
    ],
    [locked.flags, 'without a passphrase', 69],
  ];
  for (const workers of [1, 2]) {
    for (const [flags, line, code] of cases) {
      const answer = await runTidings(['serve', '--port=0', '--admin-port=0', `--workers=${workers}`, ...flags]);
      assert.equal(answer.code, code, `${line}: ${answer.stderr}`);
      assert.ok(answer.stderr.startsWith('tidings: tls-') && answer.stderr.includes(line), answer.stderr);
      assert.equal(answer.stderr.trimEnd().split('\n').length, 1, answer.stderr);
    }
  }
});
