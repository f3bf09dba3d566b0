// dist/main.js and all that it imports as one CommonJS file: the one form that runs from inside every pinned Node and,
// from disk, on Node 20.19.

import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { build } from 'esbuild';
import { Failure, root } from '../project.mjs';

// What is asked for within a try: native accelerators, and drivers of stores that Tidings does not use.
const optional = ['bufferutil', 'utf-8-validate', 'msgpackr-extract', 'supports-color', 'pg', '@valkey/valkey-glide'];

// CommonJS has no import.meta.
const URL_NAME = 'tidingsBundleUrl';
const BANNER = `const ${URL_NAME} = require('node:url').pathToFileURL(__filename).href;`;

// CommonJS has no top-level await either. The entry's is its last statement, with nothing to hold back; a rejection ends
// the process with its stack and exit 1 in both forms.
const entryWithoutAwait = {
  name: 'entry-without-await',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]dist[\\/]main\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(/^await (main\(\);)\s*$/m, '$1'),
    }));
  },
};

/**
 * Writes the bundle and returns the folders of the packages in it, relative to the project. What is imported lazily stays
 * lazy: a function that runs at its first import. Throws Failure when the bundle could not stand alone.
 */
export async function bundle(outfile) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['dist/main.js'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    define: { 'import.meta.url': URL_NAME },
    banner: { js: BANNER },
    external: optional,
    plugins: [entryWithoutAwait],
    metafile: true,
    logLevel: 'warning',
  });
  const [output] = Object.values(metafile.outputs);
  assertStandsAlone(readFileSync(outfile, 'utf8'), output.imports);
  return packagesOf(Object.keys(output.inputs));
}

/** Throws Failure when the bundle would look for something at run time that is not in it. */
export function assertStandsAlone(text, imports) {
  const needed = imports.map(({ path }) => path).filter((path) => !isBuiltin(path) && !optional.includes(path));
  if (needed.length > 0) throw new Failure(`the bundle would need ${needed.join(', ')} at run time`);
  // One use to define it, one in ops/package-file: whoever else finds files by import.meta.url would not find them.
  const uses = text.split(URL_NAME).length - 1;
  if (uses !== 2)
    throw new Failure(`import.meta.url is used ${uses - 1} times: files are read through ops/package-file`);
}

function packagesOf(files) {
  const folders = files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]);
  return [...new Set(folders.filter((folder) => folder !== undefined))];
}
