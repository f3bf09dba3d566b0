// The notices that must go with a copy: of Tidings, of every package in the bundle, of Node where it is inside.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, root } from '../project.mjs';

const RULE = `\n${'-'.repeat(80)}\n\n`;

/** Terms under which a package may be part of what is handed on: those that ask for a notice and nothing else. */
export const ALLOWED = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'];

/**
 * Throws Failure when a package states no licence, or one that nobody has looked at yet.
 * @param {string[]} packages folders of packages, relative to the project
 * @param {string} [nodeLicense] the text of Node's own
 */
export function licenseText(packages, nodeLicense) {
  const own = `Tidings\n\n${readFileSync(join(root, 'LICENSE'), 'utf8')}`;
  const node = nodeLicense === undefined ? [] : [`Node.js\n\n${nodeLicense}`];
  return [own, ...packages.map((folder) => licenseOf(join(root, folder))), ...node].join(RULE);
}

// A few packages state their licence in package.json only.
function licenseOf(folder) {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (!ALLOWED.includes(license)) {
    throw new Failure(`${name} ${version} is under ${license ?? 'no licence that it states'}: may it be handed on?`);
  }
  const files = readdirSync(folder).filter((entry) => /^(licen[cs]e|copying|notice)/i.test(entry));
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8'));
  const by = typeof author === 'string' ? author : author?.name;
  if (texts.length === 0) texts.push(`By ${by ?? 'its authors'}.\n`);
  return `${name} ${version} (${license})\n\n${texts.join('\n')}`;
}
