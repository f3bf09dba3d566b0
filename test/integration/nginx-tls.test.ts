import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { Scope } from '../support/cleanup.ts';
import { makeCertificate } from '../support/certificate.ts';
import { within } from '../support/deadline.ts';
import { freePort } from '../support/free-port.ts';
import { startInstance } from '../support/instance.ts';
import { startNginx, substitute, type Nginx } from '../support/nginx.ts';
import { projectRoot } from '../support/project.ts';
import { runProgram } from '../support/run-command.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { connectWs } from '../support/ws-client.ts';
import { configText, portOf } from './nginx/proxy.ts';

const NAME = 'notify.example.com';
const HSTS = /^strict-transport-security: max-age=31536000\r?$/im;

const tlsText = readFileSync(join(projectRoot, 'deploy/nginx-tls.conf'), 'utf8');

interface Door extends Nginx {
  readonly plainPort: number;
  /** The certificate, for who is to trust it. */
  readonly ca: string;
  readonly caFile: string;
  /** Runs curl with the door at its name, and gives the head and the body of the answer. */
  curl(path: string, ...args: readonly string[]): Promise<string>;
}

test('all that nginx.conf says of the pair stands in nginx-tls.conf as well', () => {
  const ours = directives(tlsText);
  const left = directives(configText).filter((line) => !line.startsWith('listen '));
  let at = 0;
  for (const line of left) {
    const found = ours.indexOf(line, at);
    assert.ok(found >= at, `'${line}' of nginx.conf, after '${ours[at - 1]}' of nginx-tls.conf`);
    at = found + 1;
  }
  assert.ok(left.length > 80, `${left.length} lines`);
});

test('nginx finds nothing wrong with the file', async (t) => {
  const dir = await makeTempDir(t);
  const file = join(dir, 'nginx.conf');
  await writeFile(file, await withPlaces(dir, { tls: 8443, plain: 8080, primary: 3210, backup: 3211 }));
  const { code, stderr } = await runProgram('nginx', ['-t', '-p', dir, '-c', file, '-e', 'stderr']);
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /\[(warn|error|crit|alert|emerg)\]/);
});

test('posts by HTTP/1.1 and HTTP/2, and listeners, come through TLS; without it they do not', async (t) => {
  const instance = await startInstance(t);
  const door = await startDoor(t, portOf(instance));
  const agent = new Agent({ ca: door.ca, servername: NAME });
  const listener = await connectWs(t, `wss://127.0.0.1:${door.port}/ws?uid=1`, { agent, headers: { Host: NAME } });
  const envelope = ['-H', 'Content-Type: application/json', '-d', '{"topic":"all","msg":"hello"}'];
  for (const version of ['--http1.1', '--http2']) {
    const answer = await door.curl('/send', version, ...envelope);
    assert.match(answer, version === '--http2' ? /^HTTP\/2 202/ : /^HTTP\/1\.1 202/);
    assert.match(answer, HSTS);
    assert.equal(((await listener.next()) as { msg: string }).msg, 'hello');
  }
  assert.match(await door.curl('/demo/', '--http2'), /^HTTP\/2 200[^]*<!doctype html>/i);

  const moved = await runProgram('curl', ['-s', '-D-', `http://127.0.0.1:${door.plainPort}/demo/?a=b`]);
  assert.match(moved.stdout, /^HTTP\/1\.1 308/);
  assert.match(moved.stdout, /^location: https:\/\/notify\.example\.com\/demo\/\?a=b\r?$/im);
  const plain = await runProgram('curl', ['-s', '-D-', ...envelope, `http://127.0.0.1:${door.plainPort}/send`]);
  assert.match(plain.stdout, /^HTTP\/1\.1 403[^]*over https only/);

  // Who is not on the list: another address of this machine.
  for (const path of ['/ws?uid=1', '/demo/', '/readyz']) {
    assert.match(await door.curl(path, '--interface', '127.0.0.2'), /^HTTP\/2 403/);
  }
  assert.match(await door.curl('/send', '--interface', '127.0.0.2', ...envelope), /^HTTP\/2 403/);
});

test('an answer of nginx itself has the header of TLS, too', async (t) => {
  const door = await startDoor(t, await freePort());
  const answer = await door.curl('/send', '-H', 'Content-Type: application/json', '-d', '{}');
  assert.match(answer, /^HTTP\/2 503[^]*queue_unavailable/);
  assert.match(answer, HSTS);
  assert.match(answer, /^retry-after: 1\r?$/im);
});

test('old protocols, weak ciphers and other names are refused; sessions are taken up again', async (t) => {
  const door = await startDoor(t, await freePort());
  const shake = (options: ConnectionOptions) => handshake(door, options);
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const first = await shake({ minVersion: version, maxVersion: version });
    assert.equal(first.version, version);
    const again = await shake({ minVersion: version, maxVersion: version, session: first.session });
    assert.ok(again.isReused, version);
  }
  // Node would refuse them as well, unless it is told not to.
  const weak = 'DEFAULT@SECLEVEL=0';
  await assert.rejects(
    shake({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: weak }),
    /ALERT_PROTOCOL_VERSION/i,
  );
  const unsafe = {
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
    ciphers: 'ECDHE-ECDSA-AES128-SHA@SECLEVEL=0',
  } as const;
  await assert.rejects(shake(unsafe), /ALERT_HANDSHAKE_FAILURE/i);
  await assert.rejects(shake({ servername: 'other.example.com' }), /ALERT_UNRECOGNIZED_NAME|UNRECOGNIZED/i);
});

interface Shaken {
  readonly version: string | null;
  readonly isReused: boolean;
  readonly session: Buffer;
}

/** Connects, asks for a page, and ends the connection when the answer and a session have come. */
function handshake(door: Door, options: ConnectionOptions): Promise<Shaken> {
  const socket: TLSSocket = connect({ host: '127.0.0.1', port: door.port, ca: door.ca, servername: NAME, ...options });
  const done = new Promise<Shaken>((resolve, reject) => {
    socket.once('error', (error: NodeJS.ErrnoException) => reject(new Error(`${error.code}: ${error.message}`)));
    let session: Buffer | undefined;
    socket.on('session', (ticket: Buffer) => (session = ticket));
    socket.once('secureConnect', () => {
      socket.write(`GET /readyz HTTP/1.1\r\nHost: ${NAME}\r\nConnection: close\r\n\r\n`);
    });
    socket.resume().once('end', () => {
      resolve({
        version: socket.getProtocol(),
        isReused: socket.isSessionReused(),
        session: session ?? options.session ?? assert.fail('no session'),
      });
    });
  });
  return within(done, 'a handshake').finally(() => socket.destroy());
}

async function startDoor(scope: Scope, primary: number): Promise<Door> {
  const dir = await makeTempDir(scope);
  const plainPort = await freePort();
  const places = { plain: plainPort, primary, backup: await freePort() };
  const text = await withPlaces(dir, { tls: 0, ...places });
  const nginx = await startNginx(scope, (port) => substitute(text, [['127.0.0.1:0 ', `127.0.0.1:${port} `]]));
  const caFile = join(dir, 'certificate.pem');
  return {
    ...nginx,
    plainPort,
    caFile,
    ca: readFileSync(caFile, 'utf8'),
    async curl(path, ...args) {
      const resolved = ['--resolve', `${NAME}:${nginx.port}:127.0.0.1`, '--cacert', caFile];
      const { code, stdout, stderr } = await runProgram('curl', [
        '-sS',
        '-D-',
        ...resolved,
        ...args,
        `https://${NAME}:${nginx.port}${path}`,
      ]);
      assert.equal(code, 0, stderr);
      return stdout;
    },
  };
}

/** The file itself, with ports, folders and a certificate of the test's own. */
async function withPlaces(
  dir: string,
  { tls, plain, primary, backup }: Readonly<Record<'tls' | 'plain' | 'primary' | 'backup', number>>,
): Promise<string> {
  const { certFile, keyFile } = await makeCertificate(dir, 'certificate', { host: NAME });
  const logs = join(dir, 'own-logs');
  mkdirSync(logs);
  return substitute(tlsText, [
    ['listen [::]:443 ssl http2 default_server backlog=4096;', ''],
    ['listen [::]:443 ssl http2;', ''],
    ['listen [::]:80 default_server;', ''],
    ['listen 443 ', `listen 127.0.0.1:${tls} `],
    ['listen 80 ', `listen 127.0.0.1:${plain} `],
    ['127.0.0.1:3210', `127.0.0.1:${primary}`],
    ['127.0.0.1:3211', `127.0.0.1:${backup}`],
    ['/etc/ssl/certs/notify.example.com.pem', certFile],
    ['/etc/ssl/private/notify.example.com.key', keyFile],
    // The master's user may enter the test's folder, Debian's may not.
    ['user www-data;', process.getuid?.() === 0 ? 'user root;' : ''],
    ['pid /run/nginx.pid;', `pid ${dir}/nginx.pid;`],
    ['error_log /var/log/nginx/error.log warn;', 'error_log stderr warn;'],
    ['/var/log/nginx/access.log', join(logs, 'access.log')],
  ]);
}

function directives(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
