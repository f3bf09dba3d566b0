import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { certificate, key } from '../contract/tls-pair.ts';
import { startLoneSentinel } from '../support/redis-sentinel.ts';
import { askRedis } from '../support/ask-redis.ts';
import type { Scope } from '../support/cleanup.ts';
import { freePort } from '../support/free-port.ts';
import { startInstance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { startRedis } from '../support/redis.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { connectWs } from '../support/ws-client.ts';
import { untilReady } from './topology-load.ts';

interface Certified {
  readonly certFile: string;
  /** Lines of a configuration: TLS on this port, and between servers. */
  readonly linesFor: (port: number) => string[];
}

async function certify(scope: Scope): Promise<Certified> {
  const dir = await makeTempDir(scope);
  const [certFile, keyFile] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  await writeFile(certFile, certificate);
  await writeFile(keyFile, key);
  return {
    certFile,
    linesFor: (port) => [
      `tls-port ${port}`,
      `tls-cert-file ${certFile}`,
      `tls-key-file ${keyFile}`,
      `tls-ca-cert-file ${certFile}`,
      'tls-auth-clients no',
      'tls-replication yes',
      'tls-cluster yes',
    ],
  };
}

function asArguments(lines: readonly string[]): string[] {
  return lines.flatMap((line) => line.split(' ').map((word, index) => (index === 0 ? `--${word}` : word)));
}

async function assertServes(scope: Scope, queue: string, certFile: string): Promise<void> {
  const instance = await startInstance(scope, { flags: [`--queue=${queue}`], env: { NODE_EXTRA_CA_CERTS: certFile } });
  await untilReady([instance]);
  const client = await connectWs(scope, `${instance.wsUrl}/ws?uid=1&mid=`);
  assert.equal((await post(instance.url, { topic: 'uids', topic_ids: ['1'], msg: 'm', id: 'over-tls' })).status, 202);
  await client.until((frame) => (frame as { id?: string }).id === 'over-tls', 'the message');
}

for (const kind of ['redis', 'bullmq'] as const) {
  test(`${kind} by Sentinel over TLS: the sentinel and the master it names are both asked so`, async (t) => {
    const { certFile, linesFor } = await certify(t);
    const [tlsPort, sentinelTlsPort] = [await freePort(), await freePort()];
    await startRedis(t, { args: asArguments(linesFor(tlsPort)) });
    await startLoneSentinel(t, tlsPort, linesFor(sentinelTlsPort));
    await assertServes(t, `${kind}s-sentinel/127.0.0.1:${sentinelTlsPort}/tidings-master`, certFile);
  });

  test(`${kind} on Cluster over TLS`, async (t) => {
    const { certFile, linesFor } = await certify(t);
    const [tlsPort, bus] = [await freePort(), await freePort()];
    const args = [...asArguments(linesFor(tlsPort)), '--cluster-enabled', 'yes', '--cluster-port', String(bus)];
    const node = await startRedis(t, { args });
    await askRedis(node.port, undefined, (client) => client.call('cluster', 'addslotsrange', 0, 16_383));
    await assertServes(t, `${kind}s-cluster/127.0.0.1:${tlsPort}`, certFile);
  });
}
