import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { connectWs } from '../support/ws-client.ts';
import { startInstance } from '../support/instance.ts';
import { startNginx, substitute } from '../support/nginx.ts';
import { post } from '../support/post.ts';
import { projectRoot } from '../support/project.ts';
import { startRedis } from '../support/redis.ts';
import { runProgram } from '../support/run-command.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { configFile, portOf } from './nginx/proxy.ts';
import { assertTimeToDrain, configOf, imageEnvironment } from './deploy/settings.ts';

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly ports?: readonly string[];
  readonly stop_grace_period?: string;
  readonly ulimits?: { readonly nofile: number };
  readonly networks: readonly string[] | Readonly<Record<string, { readonly ipv4_address: string }>>;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
}

const text = await readFile(join(projectRoot, 'deploy/compose.yaml'), 'utf8');
const compose = parse(text, { merge: true }) as { services: Record<string, Service> };
const service = (name: string): Service => compose.services[name] ?? assert.fail(`no service ${name}`);
const instances = ['primary', 'backup'] as const;

/** What a 202 rests on: docs/reliability.md. */
const redisSettings = [
  ['appendonly', 'yes'],
  ['appendfsync', 'always'],
  ['maxmemory-policy', 'noeviction'],
] as const;

/** Where an instance listens in the network of the file. */
function addressOf(name: string): string {
  const { networks, environment = {} } = service(name);
  assert.ok(!('length' in networks));
  return `${networks['tidings']?.ipv4_address}:${configOf({ ...imageEnvironment(), ...environment }).port}`;
}

test('the file names what is there, and opens nothing but nginx to this machine', () => {
  assert.deepEqual(Object.keys(compose.services).sort(), ['backup', 'nginx', 'primary', 'redis']);
  const published = Object.values(compose.services).flatMap(({ ports = [] }) => ports);
  assert.deepEqual(published, ['127.0.0.1:3220:3220']);
  for (const { image } of Object.values(compose.services))
    assert.match(image ?? '', /^tidings$|:\d+\.\d+/, 'a version');
  // Whoever looks at the file can tell what a list with `-` or a number would become.
  assert.doesNotMatch(text, /\$/, 'Compose would put a variable there');
});

test('the instances: settings that are accepted, time to drain, and nothing that they do not need', () => {
  for (const name of instances) {
    const { environment = {}, build, stop_grace_period, ...rest } = service(name);
    const config = configOf({ ...imageEnvironment(), ...environment });
    assert.equal(config.host, '0.0.0.0');
    assert.ok(config.queue.kind !== 'list');
    assertTimeToDrain(stop_grace_period, config);
    assert.ok((rest.ulimits?.nofile ?? 0) > config.maxConnections);
    assert.equal(rest.read_only, true);
    assert.deepEqual(rest.cap_drop, ['ALL']);
    assert.deepEqual(rest.security_opt, ['no-new-privileges:true']);
    assert.deepEqual(build, { context: '..', dockerfile: 'deploy/Dockerfile' });
  }
  assert.equal(service('backup').environment?.['TIDINGS_BACKUP_OF'], `http://${addressOf('primary')}`);
});

test('the pair serves through nginx as the file starts it, on a Redis that is started as it says', async (t) => {
  const [program, ...args] = service('redis').command ?? [];
  assert.equal(program, 'redis-server');
  const redis = await startRedis(t, { args });
  for (const [name, wanted] of redisSettings) {
    const { stdout } = await runProgram('redis-cli', ['-p', String(redis.port), 'config', 'get', name]);
    assert.deepEqual(stdout.trim().split('\n'), [name, wanted]);
  }
  const flags = [`--queue=redis/${redis.address}`, '--drain=0'];
  const [primary, backup] = [await startInstance(t, { flags }), await startInstance(t, { flags })];

  const made = await configurationOf(await makeTempDir(t));
  const nginx = await startNginx(t, (port) =>
    substitute(made, [
      // Nothing of a test listens to other machines.
      ['listen 3220 ', `listen 127.0.0.1:${port} `],
      [addressOf('primary'), `127.0.0.1:${portOf(primary)}`],
      [addressOf('backup'), `127.0.0.1:${portOf(backup)}`],
      ['172.30.32.0/24 1;', '127.0.0.1 1;'],
      ['user www-data;', process.getuid?.() === 0 ? 'user root;' : ''],
      ['pid /run/nginx.pid;', ''],
      ['error_log /var/log/nginx/error.log warn;', ''],
      ['access_log /var/log/nginx/access.log tidings buffer=64k flush=1s;', 'access_log off;'],
    ]),
  );
  assert.doesNotMatch(made.replaceAll(/^\s*#.*$/gm, ''), /127\.0\.0\.1/, 'an address that means the container itself');
  const listener = await connectWs(t, `${nginx.url.replace('http', 'ws')}/ws?uid=1`);
  assert.equal((await post(nginx.url, { topic: 'all', msg: 'hello' })).status, 202);
  assert.equal(((await listener.next()) as { msg: string }).msg, 'hello');

  for (const name of instances) {
    assert.equal(await health(name, portOf(primary)), 0);
  }
  await redis.stop();
  await primary.logged('redis.down');
  assert.equal(await health('primary', portOf(primary)), 1, 'no post would be accepted now');
});

/** What the command of the nginx service makes of nginx.conf. */
async function configurationOf(dir: string): Promise<string> {
  const [shell = '', flags = '', script = ''] = service('nginx').command ?? [];
  const out = join(dir, 'made.conf');
  const own = substitute(script, [
    ['/etc/tidings/nginx.conf', configFile],
    ["exec nginx -c /run/tidings-nginx.conf -g 'daemon off;'", ''],
    ['/run/tidings-nginx.conf', out],
  ]);
  const { code, stderr } = await runProgram(shell, [flags, own]);
  assert.equal(code, 0, stderr);
  return readFile(out, 'utf8');
}

/** The exit code of the health check of an instance, asked of one on this machine. */
async function health(name: string, port: number): Promise<number | null> {
  const [kind, program = '', ...args] = service(name).healthcheck?.test ?? [];
  assert.equal(kind, 'CMD');
  const own = args.map((arg) => arg.replace('127.0.0.1:3210', `127.0.0.1:${port}`));
  return (await runProgram(program, own)).code;
}
