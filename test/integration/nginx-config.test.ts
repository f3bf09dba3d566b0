import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { defaultConfig } from '../../src/config/schema.ts';
import { errorCatalogue, type ErrorBody } from '../../src/wire/errors.ts';
import { freePort } from '../support/free-port.ts';
import { startInstance } from '../support/instance.ts';
import { substitute } from '../support/nginx.ts';
import { projectRoot } from '../support/project.ts';
import { request } from '../support/request.ts';
import { runProgram } from '../support/run-command.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { configText, startProxy } from './nginx/proxy.ts';

const SECOND_MS = 1000;
const MIB = 1024 * 1024;

test('nginx finds nothing wrong with the file', async (t) => {
  const dir = await makeTempDir(t);
  const file = join(dir, 'nginx.conf');
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  // Only root may open Debian's logs and folders.
  const own: [string, string][] = [
    ['user www-data;', ''],
    ['/var/log/nginx/', `${dir}/`],
    ['http {', `http {\n${kinds.map((kind) => `${kind}_temp_path ${dir}/${kind};`).join('\n')}`],
  ];
  const isRoot = process.getuid?.() === 0;
  const pid: [string, string] = ['pid /run/nginx.pid;', `pid ${dir}/nginx.pid;`];
  await mkdir(dir, { recursive: true });
  await writeFile(file, substitute(configText, [pid, ...(isRoot ? [] : own)]));
  const { code, stderr } = await runProgram('nginx', ['-t', '-c', file, '-e', 'stderr']);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /test is successful/);
  assert.doesNotMatch(stderr, /\[(warn|error|crit|alert|emerg)\]/);
});

test('time-outs and limits fit those of the server', async (t) => {
  const server = defaultConfig();
  const [posts = 0, sockets = 0, ...others] = secondsOf('proxy_read_timeout');
  assert.deepEqual(others, [sockets], 'those that were refused are listeners, too');
  assert.deepEqual(secondsOf('proxy_send_timeout'), [posts, sockets, sockets]);
  assert.ok(posts * SECOND_MS >= 2 * server.queueDeadlineMs, 'a post is answered in time');
  assert.ok(sockets * SECOND_MS > 2 * server.pingIntervalMs, 'an idle socket is pinged in time');
  for (const name of ['client_header_timeout', 'client_body_timeout']) {
    assert.deepEqual(secondsOf(name), [server.requestTimeoutMs / SECOND_MS], name);
  }

  const bytesOf = (name: string): number[] => valuesOf(name, /(\d+)m/).map((text) => Number(text) * MIB);
  for (const name of ['client_max_body_size', 'client_body_buffer_size']) {
    assert.deepEqual(bytesOf(name), [server.maxBodyBytes, server.maxBodyBytes], name);
  }

  const [, perSecond] = /rate=(\d+)r\/s;/.exec(configText) ?? [];
  assert.equal(Number(perSecond), server.maxHandshakes, 'no handshake comes before the server takes it');

  // After the first, keepalive_timeout is that of the connections to the instances. An instance says its own.
  const instance = await startInstance(t);
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const { headers } = await request(`${instance.url}/healthz`, { agent });
  const [, kept = 0, ...same] = secondsOf('keepalive_timeout');
  assert.deepEqual(same, [kept]);
  const keptByServer = Number(/timeout=(\d+)/.exec(String(headers['keep-alive']))?.[1]);
  assert.ok(kept > 0 && kept < keptByServer, `nginx ${kept} s, the instance ${keptByServer} s`);

  const [connections] = valuesOf('worker_connections', /(\d+)/);
  const [files] = valuesOf('worker_rlimit_nofile', /(\d+)/);
  assert.ok(Number(files) > Number(connections));
});

test('what nginx answers in place of the server is of its catalogue', () => {
  const answers = [...configText.matchAll(/return (\d{3}) '(.*)';/g)].map(([, status, text]) => {
    const { error } = JSON.parse(text ?? '') as ErrorBody;
    assert.equal(Number(status), errorCatalogue[error.code].status);
    return error.code;
  });
  assert.deepEqual(answers, ['body_too_large', 'queue_unavailable', 'busy']);
});

test('keepalived asks what nginx answers by itself, without an instance', async (t) => {
  const text = await readFile(join(projectRoot, 'deploy/keepalived.conf'), 'utf8');
  const [, command = ''] = /^ {4}script "(.*)"$/m.exec(text) ?? [];
  const nginx = await startProxy(t, { primary: await freePort(), backup: await freePort() });
  const run = (url: string) =>
    runProgram('sh', [
      '-c',
      substitute(command, [
        ['/usr/bin/curl', 'curl'],
        ['http://127.0.0.1:3220', url],
      ]),
    ]);
  assert.equal((await run(nginx.url)).code, 0);
  assert.notEqual((await run(`http://127.0.0.1:${await freePort()}`)).code, 0, 'nobody there');
});

/** The values of a directive wherever it stands, in the order of the file. There must be one, and each must look like that. */
function valuesOf(name: string, looks: RegExp): string[] {
  const lines = [...configText.matchAll(new RegExp(`(?:^|[{;])\\s*${name}\\s+([^;]+);`, 'gm'))];
  assert.ok(lines.length > 0, name);
  return lines.map(([, value = '']) => {
    const match = new RegExp(`^${looks.source}$`).exec(value);
    assert.ok(match, `${name} ${value}`);
    return match[1] ?? '';
  });
}

function secondsOf(name: string): number[] {
  return valuesOf(name, /(\d+)s/).map(Number);
}
