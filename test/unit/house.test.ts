import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkHouse } from '../support/house-rules.ts';
import { projectRoot } from '../support/project.ts';
import { scanSource } from '../support/scan-source.ts';

// Raise these as the house grows: they say that the checker still finds what it has to look at.
const LEAST_FILES = 60;
const LEAST_IMPORTS = 200;

test('the house keeps its rules', () => {
  const src = join(projectRoot, 'src');
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const report = checkHouse(
    new Map(files.map((name) => [name.replaceAll('\\', '/'), readFileSync(join(src, name), 'utf8')])),
  );
  assert.deepEqual(report.breaches, []);
  assert.ok(report.fileCount >= LEAST_FILES, `looked at ${report.fileCount} files`);
  assert.ok(report.importCount >= LEAST_IMPORTS, `looked at ${report.importCount} imports`);
});

const breaches: readonly (readonly [what: string, files: Readonly<Record<string, string>>, says: RegExp])[] = [
  [
    'the hub imports the gateway',
    { 'hub/a.ts': "import { x } from '../gateway/b.ts';" },
    /hub\/ imports a value of gateway/,
  ],
  [
    'the journal knows the hub, by type',
    { 'journal/a.ts': "import type { X } from '../hub/hub.ts';" },
    /a type of hub/,
  ],
  ['the queue knows the gateway', { 'queue/a.ts': "import type { X } from '../gateway/b.ts';" }, /a type of gateway/],
  ['the queue imports sockets', { 'queue/a.ts': "import { connect } from 'node:net';" }, /queue\/ imports node:net/],
  ['the journal imports ws', { 'journal/a.ts': "import { WebSocket } from 'ws';" }, /journal imports the package ws/],
  ['the hub imports HTTP', { 'hub/a.ts': "import { createServer } from 'node:http';" }, /hub\/ imports node:http/],
  ['the hub imports Redis', { 'hub/a.ts': "import type { Redis } from 'ioredis';" }, /hub imports the package ioredis/],
  ['the hub imports Koa', { 'hub/a.ts': "import Koa from 'koa';" }, /hub imports the package koa/],
  [
    'the hub imports a value of the journal',
    { 'hub/a.ts': "import { x } from '../journal/journal.ts';" },
    /a value of journal/,
  ],
  [
    'the hub looks behind the contract',
    { 'hub/a.ts': "import type { X } from '../journal/redis.ts';" },
    /looks behind/,
  ],
  [
    'the cluster looks behind the contract',
    { 'cluster/a.ts': "import { x } from '../journal/record.ts';" },
    /looks behind/,
  ],
  [
    'another than app.ts chooses the peers',
    { 'gateway/a.ts': "import { x } from '../cluster/redis-peers.ts';" },
    /only app\.ts/,
  ],
  [
    'another than app.ts chooses a driver',
    { 'queue/a.ts': "import { x } from '../journal/memory.ts';" },
    /only app\.ts/,
  ],
  ['another loads a driver lazily', { 'ops/a.ts': "await import('../queue/bullmq.ts');" }, /only app\.ts/],
  ['wire imports a built-in', { 'wire/a.ts': "import { Buffer } from 'node:buffer';" }, /wire\/ imports node:buffer/],
  ['wire imports a room', { 'wire/a.ts': "import type { C } from '../config/schema.ts';" }, /a type of config/],
  [
    'the client imports the hub',
    { 'client/a.ts': "import { x } from '../hub/frame.ts';" },
    /client\/ imports a value of hub/,
  ],
  ['the message imports the ingress', { 'message/a.ts': "import '../ingress/a.ts';" }, /a value of ingress/],
  ['a room imports app.ts', { 'ops/a.ts': "import { createApp } from '../app.ts';" }, /imports app\.ts/],
  ['app.ts imports main.ts', { 'app.ts': "import './main.ts';" }, /imports main\.ts/],
  ['a room that is not in the table', { 'tools/a.ts': 'export const a = 1;' }, /'tools' is not in the table/],
  ['a package that is nobody’s', { 'app.ts': "import lodash from 'lodash/fp';" }, /imports the package lodash$/m],
  [
    'an inline type import loads the module',
    { 'hub/a.ts': "import { type X } from '../journal/journal.ts';" },
    /a value of/,
  ],
  [
    'main.ts loads ioredis by a detour',
    {
      'main.ts': "import { createApp } from './app.ts';",
      'app.ts': "import { createRedisJournal } from './journal/redis.ts';",
      'journal/redis.ts': "import { c } from './redis-connection.ts';",
      'journal/redis-connection.ts': "import { Redis } from 'ioredis';",
    },
    /always loads main\.ts > app\.ts > journal\/redis\.ts > journal\/redis-connection\.ts > ioredis/,
  ],
  ['process outside main.ts', { 'ops/a.ts': 'const e = process.env;' }, /only main\.ts touches process/],
  ['process by its global', { 'ops/a.ts': 'const e = globalThis.process?.env;' }, /only main\.ts touches process/],
  ['process by its module', { 'ops/a.ts': "import { env } from 'node:process';" }, /only main\.ts touches process/],
  ['process taken apart', { 'ops/a.ts': 'const { env } = process;' }, /only main\.ts touches process/],
  ['process within a template', { 'ops/a.ts': 'const e = `pid ${process.pid}`;' }, /only main\.ts touches process/],
  ['a default export', { 'hub/a.ts': 'export default function a() {}' }, /a default export/],
  ['a default export by renaming', { 'hub/a.ts': 'const a = 1; export { a as default };' }, /a default export/],
  ['a barrel', { 'hub/a.ts': "export * from './hub.ts';" }, /re-exports \.\/hub\.ts/],
  ['a computed import', { 'app.ts': 'await import(name);' }, /computed/],
  ['a name that says nothing', { 'hub/utils.ts': 'export const a = 1;' }, /'utils' says nothing/],
  ['a name in camelCase', { 'hub/sendFrame.ts': 'export const a = 1;' }, /not kebab-case/],
  ['a file of 301 lines', { 'hub/a.ts': 'export {};\n'.repeat(301) }, /301 lines/],
];

for (const [what, files, says] of breaches) {
  test(`a breach is seen: ${what}`, () => {
    const report = checkHouse(new Map(Object.entries(files)));
    assert.equal(report.breaches.length, 1, report.breaches.join('\n'));
    assert.match(report.breaches[0] ?? '', says);
  });
}

test('what is allowed is not a breach', () => {
  const report = checkHouse(
    new Map([
      ['main.ts', "import { createApp } from './app.ts';\nconst pid = process.pid;"],
      ['app.ts', "import { a } from './queue/list.ts';\nconst m = await import('./queue/bullmq.ts');"],
      ['queue/list.ts', "import type { Config } from '../config/schema.ts';\nimport type { Q } from './queue.ts';"],
      [
        'queue/bullmq.ts',
        "import { Queue } from 'bullmq';\nimport type { L } from '../journal/redis.ts';\njob.process.x();",
      ],
      ['hub/hub.ts', "// process.env\nimport type { E } from '../journal/journal.ts';\nconst s = 'process.env';"],
      ['cluster/redis-peers.ts', "import { c } from '../journal/redis-connection.ts';"],
      ['ingress/a.ts', "import Koa from 'koa';\nimport { STATUS_CODES } from 'node:http';"],
      ['hub/long.ts', 'export {};\n'.repeat(300)],
    ]),
  );
  assert.deepEqual(report.breaches, []);
  assert.equal(report.importCount, 11);
});

test('the scanner reads every form of import, and none in strings, comments and regular expressions', () => {
  const { imports, code } = scanSource(`
    import a from 'a'; import * as b from "b"; import {
      c,
      type D,
    } from './c.ts';
    import type { E } from './e.ts'; import type F from './f.ts';
    import './g.ts';
    export { h } from './h.ts'; export * from './i.ts'; export type { J } from './j.ts';
    const k = await import('./k.ts'); const l = () => import(\`./l.ts\`); void import(name);
    // import m from 'm'
    /* import n from 'n' */ /** import('o') */
    const p = "import q from 'q'"; const r = 'it\\'s import("s")';
    const t = \`import u from 'u' \${import('./v.ts')} \${ { w: \`x \${1}\` } } import('y')\`;
    const z = /['"\`/]import\\('no'\\)/.test('x') ? 4 / 2 / 1 : import.meta.url; const from = 'no';
    export const aa = { from: 'no' }; this.import('no'); export interface From { from: 'no' }
    import bb from 'last';`);
  assert.deepEqual(
    imports.map(({ specifier, kind, isReExport }) => `${kind} ${specifier}${isReExport ? ' again' : ''}`).sort(),
    [
      'lazy (computed)',
      'lazy ./k.ts',
      'lazy ./l.ts',
      'lazy ./v.ts',
      'static ./c.ts',
      'static ./g.ts',
      'static ./h.ts again',
      'static ./i.ts again',
      'static a',
      'static b',
      'static last',
      'type ./e.ts',
      'type ./f.ts',
      'type ./j.ts again',
    ],
  );
  assert.equal(imports.find(({ specifier }) => specifier === 'last')?.line, 16);
  assert.doesNotMatch(code, /no|it's/);
});
