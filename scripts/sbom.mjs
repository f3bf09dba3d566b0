// The software bill of materials: every package that the server may load, as CycloneDX, from package-lock.json by npm.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runNpm } from './npm.mjs';
import { Failure, root } from './project.mjs';

/** What it is called, in dist/ and in an archive. */
export const BILL = 'sbom.cdx.json';

// With --omit=dev, or NODE_ENV=production, npm leaves out what is for development as well as for the server (npm/cli#7909,
// seen in npm 10.8 to 11.19): so all of it, and what is for development only goes afterwards.
const COMMAND = ['sbom', '--sbom-format=cyclonedx', '--include=dev', '--package-lock-only'];

/**
 * The bill of the project in `dir`: optional packages of other platforms as well, development packages not. The same lock
 * gives the same bill on every machine with the same npm: without an instant, and with a number that is the lock's. Throws
 * Failure when npm cannot make it, or leaves out what is in the lock.
 */
export function billOfMaterials(dir = root) {
  const { status, stdout, stderr } = runNpm(COMMAND, dir);
  if (status !== 0) throw new Failure(`${stdout}${stderr}\n'npm ${COMMAND.join(' ')}' failed`);
  const bill = JSON.parse(stdout);
  const { name } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
  delete bill.metadata.timestamp;
  // npm takes the name from the folder.
  Object.assign(bill.metadata.component, { name, type: 'application' });
  const lock = readFileSync(join(dir, 'package-lock.json'), 'utf8');
  return numbered(only(bill, runtimeRefs(JSON.parse(lock))), lock);
}

/**
 * The bill of one executable or bundle: of the packages only those that are in it, and Node where it is inside. Throws Failure
 * when something was bundled that the bill does not know: it is no dependency of the server then.
 * @param {string[]} packages folders of packages, relative to `dir`
 * @param {{ name: string, version: string, integrity: string }} [node] the npm package that Node was taken from
 */
export function billOfBundle(bill, packages, node, dir = root) {
  const refs = packages.map((folder) => {
    const { name, version } = JSON.parse(readFileSync(join(dir, folder, 'package.json'), 'utf8'));
    return `${name}@${version}`;
  });
  const made = only(bill, refs);
  if (node !== undefined) made.components.push(nodeComponent(node));
  return numbered(made, JSON.stringify([bill.serialNumber, made.components]));
}

/** As it is written into a file. */
export function billText(bill) {
  return `${JSON.stringify(bill, null, 2)}\n`;
}

// What the lock marks as for the server: its entries are by place, and a package may be in several.
function runtimeRefs({ packages }) {
  return Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && dev !== true && devOptional !== true)
    .map(([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`);
}

// The bill of the project and of these of its packages, all of which it must know.
function only(bill, refs) {
  const known = new Set(bill.components.map((component) => component['bom-ref']));
  const unknown = refs.filter((ref) => !known.has(ref));
  if (unknown.length > 0) throw new Failure(`not in the bill of materials: ${unknown.join(', ')}`);
  const inside = new Set([bill.metadata.component['bom-ref'], ...refs]);
  const components = bill.components.filter((component) => inside.has(component['bom-ref']));
  const dependencies = bill.dependencies
    .filter(({ ref }) => inside.has(ref))
    .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => inside.has(other)) }));
  return { ...bill, components, dependencies };
}

// Both names: where it was fetched from, and the one under which its vulnerabilities are told.
function nodeComponent({ name, version, integrity }) {
  return {
    'bom-ref': `${name}@${version}`,
    type: 'platform',
    name: 'Node.js',
    version,
    scope: 'required',
    purl: `pkg:npm/${name}@${version}`,
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
    hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex') }],
  };
}

// A UUID of version 8, which leaves its bits to whoever makes it.
function numbered(bill, content) {
  const hex = createHash('sha256').update(content).digest('hex');
  const variant = ((Number.parseInt(hex[16], 16) & 3) | 8).toString(16);
  const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  return { ...bill, serialNumber: `urn:uuid:${uuid}` };
}
