import { posix } from 'node:path';
import { scanSource, type SourceImport } from './scan-source.ts';

/** What a room may import: of other rooms values and types, or types alone; and npm packages and Node's own modules. */
interface Room {
  readonly values: readonly string[];
  readonly types: readonly string[];
  readonly packages: readonly string[];
  readonly builtins: 'any' | 'none' | 'no sockets' | 'no HTTP';
}

/**
 * The rooms of src/, from the door to the floor: each imports rooms that stand after it on a message's line, or below it.
 * A type is erased by the compiler and ties nothing together at run time, so a few more types are allowed than values.
 */
export const rooms: Readonly<Record<string, Room>> = {
  ingress: {
    values: ['auth', 'message', 'queue', 'wire'],
    types: ['cluster', 'config', 'journal', 'ops'],
    packages: ['koa', '@koa/router'],
    builtins: 'any',
  },
  gateway: {
    values: ['auth', 'hub', 'message', 'wire'],
    types: ['cluster', 'config', 'journal', 'ops'],
    packages: ['ws', 'zod'],
    builtins: 'any',
  },
  ops: {
    values: ['auth', 'message', 'wire'],
    types: ['auth', 'cluster', 'config', 'hub', 'journal', 'queue'],
    packages: ['koa', '@koa/router', 'pino', 'zod'],
    builtins: 'any',
  },
  cluster: {
    values: ['auth', 'hub', 'journal', 'wire'],
    types: ['config', 'message', 'ops', 'queue'],
    packages: [],
    builtins: 'no HTTP',
  },
  auth: {
    values: ['wire'],
    types: ['config', 'ops'],
    packages: ['jose', 'rate-limiter-flexible', 'zod'],
    builtins: 'no sockets',
  },
  queue: {
    values: ['journal', 'message', 'wire'],
    types: ['config'],
    packages: ['bullmq', 'ioredis'],
    builtins: 'no sockets',
  },
  journal: {
    values: ['message', 'wire'],
    types: ['config'],
    packages: ['ioredis'],
    builtins: 'no sockets',
  },
  hub: { values: ['message', 'wire'], types: ['auth', 'config', 'journal', 'ops'], packages: [], builtins: 'no HTTP' },
  message: { values: ['wire'], types: ['config'], packages: ['zod'], builtins: 'no sockets' },
  config: { values: ['wire'], types: [], packages: ['zod', 'yaml'], builtins: 'no HTTP' },
  client: { values: ['wire'], types: [], packages: [], builtins: 'none' },
  wire: { values: [], types: [], packages: [], builtins: 'none' },
};

/** What implements a contract: app.ts alone chooses among them. The others see only `contracts`. */
const drivers = [
  'cluster/one-instance',
  'cluster/redis-peers',
  'cluster/linked-journal',
  'cluster/crew-peers',
  'cluster/redis-standing',
  'cluster/redis-tickets',
  'cluster/crew-standing',
  'cluster/standing-file',
  'queue/list',
  'queue/direct',
  'queue/bullmq',
  'journal/memory',
  'journal/disk',
  'journal/redis',
  'journal/redis-sentinel',
  'journal/redis-cluster',
].map((d) => `${d}.ts`);
/** What a room may use of another beside its contract: how one connects to Redis, and how entries are kept and packed. */
const shared: Readonly<Record<string, readonly string[]>> = {
  cluster: [
    'journal/redis-connection.ts',
    'journal/redis-run-script.ts',
    'journal/redis-scripts.ts',
    'journal/disk-error.ts',
    'journal/disk-files.ts',
    'journal/mailbox-log.ts',
    'journal/packed-record.ts',
  ],
};
const contracts: Readonly<Record<string, string>> = { queue: 'queue/queue.ts', journal: 'journal/journal.ts' };

/** What the default run never loads. */
const lazyPackages = ['ioredis', 'bullmq', 'jose'];

/**
 * Sockets of a room that has none otherwise: those that nobody talks on, which end with their process as a lock needs it; and those that
 * only Redis' client talks on, to a server that is found anew each time; and what only reckons with addresses.
 */
const socketFiles = ['journal/disk-lock.ts', 'journal/redis-found-connector.ts', 'auth/client-address.ts'];

/** Who asks other instances over HTTP: nobody else in these rooms does. */
const httpAskers = ['cluster/ask-primary.ts'];

/** Files that may re-export: the two public ones, once they exist. */
const publicBarrels: readonly string[] = [];

const maxFileLines = 300;
const emptyNames = /^(utils?|helpers?|common|types|index|misc|shared)$/;

export interface HouseReport {
  /** `file:line: what is wrong`, one for each breach. */
  readonly breaches: readonly string[];
  readonly fileCount: number;
  readonly importCount: number;
}

/** Holds the sources of src/, by their paths below it (`hub/hub.ts`), against the rules of the house. */
export function checkHouse(sources: ReadonlyMap<string, string>): HouseReport {
  const breaches: string[] = [];
  let importCount = 0;
  const staticImports = new Map<string, readonly SourceImport[]>();
  for (const [file, text] of sources) {
    const { imports, code } = scanSource(text);
    importCount += imports.length;
    staticImports.set(
      file,
      imports.filter(({ kind }) => kind === 'static'),
    );
    const report = (line: number, what: string): void => void breaches.push(`${file}:${line}: ${what}`);
    checkFile(file, code, report);
    for (const one of imports) checkImport(file, one, (what) => report(one.line, what));
  }
  breaches.push(...eagerChains(staticImports));
  return { breaches, fileCount: sources.size, importCount };
}

function checkFile(file: string, code: string, report: (line: number, what: string) => void): void {
  const name = posix.basename(file, '.ts').replace(/\.d$/, '');
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) report(1, `the name '${name}' is not kebab-case`);
  if (emptyNames.test(name)) report(1, `the name '${name}' says nothing`);
  const lineCount = code.trimEnd().split('\n').length;
  if (lineCount > maxFileLines) report(lineCount, `${lineCount} lines are more than one idea`);
  const room = roomOf(file);
  if (!(room in rooms) && room !== 'main' && room !== 'app')
    report(1, `the room '${room}' is not in the table of rooms`);
  const find = (pattern: RegExp, what: string): void => {
    for (const match of code.matchAll(pattern)) report(code.slice(0, match.index).split('\n').length, what);
  };
  find(/\bexport\s+default\b|\bas\s+default\b/g, 'a default export');
  if (file !== 'main.ts') {
    find(
      /(?<![.\w$])(?:globalThis\s*\.\s*)?process\s*(?:\.|\?\.|\[)|\{[^{}]*\}\s*=\s*process\b/g,
      'only main.ts touches process',
    );
  }
}

function checkImport(file: string, one: SourceImport, report: (what: string) => void): void {
  if (one.specifier === '(computed)') return report('an import() whose module is computed');
  if (one.isReExport && !publicBarrels.includes(file)) report(`re-exports ${one.specifier}`);
  const from = roomOf(file);
  if (one.specifier.startsWith('.')) return checkRoomImport(file, from, one, report);
  const isBuiltin = one.specifier.startsWith('node:');
  if (one.specifier === 'node:process' && from !== 'main') report('only main.ts touches process');
  const room = rooms[from];
  if (isBuiltin && room !== undefined && !allowsBuiltin(file, room, one)) report(`${from}/ imports ${one.specifier}`);
  if (isBuiltin) return;
  const name = one.specifier.split('/', one.specifier.startsWith('@') ? 2 : 1).join('/');
  if (!(room?.packages ?? []).includes(name)) report(`${from} imports the package ${name}`);
}

function checkRoomImport(file: string, from: string, one: SourceImport, report: (what: string) => void): void {
  const target = posix.join(posix.dirname(file), one.specifier);
  const to = roomOf(target);
  if (from === 'main') return;
  if (to === 'main') report('imports main.ts');
  if (from === 'app') return;
  if (to === 'app') report('imports app.ts');
  if (drivers.includes(target) && one.kind !== 'type') {
    return report(`only app.ts chooses a driver, and this is ${target}`);
  }
  if (from === to || to === 'app' || to === 'main') return;
  const room = rooms[from];
  const allowed = [...(room?.values ?? []), ...(one.kind === 'type' ? (room?.types ?? []) : [])];
  if (!allowed.includes(to)) report(`${from}/ imports ${one.kind === 'type' ? 'a type' : 'a value'} of ${to}/`);
  const contract = contracts[to];
  if (contract !== undefined && target !== contract && from !== 'queue' && shared[from]?.includes(target) !== true)
    report(`${from}/ looks behind ${contract}: ${target}`);
}

const httpModules = /^node:(http|https|http2)$/;
const socketModules = /^node:(http|https|http2|net|tls|dgram)$/;

function allowsBuiltin(file: string, room: Room, { specifier }: SourceImport): boolean {
  if (room.builtins === 'none') return false;
  if (room.builtins === 'no HTTP') return !httpModules.test(specifier) || httpAskers.includes(file);
  if (room.builtins === 'no sockets') return !socketModules.test(specifier) || socketFiles.includes(file);
  return true;
}

/** Chains of static imports from main.ts to a package that only its driver may bring in, and only when it is chosen. */
function eagerChains(staticImports: ReadonlyMap<string, readonly SourceImport[]>): string[] {
  const chains: string[] = [];
  const seen = new Set(['main.ts']);
  const queue: string[][] = [['main.ts']];
  for (let chain = queue.shift(); chain !== undefined; chain = queue.shift()) {
    const file = chain.at(-1) ?? '';
    for (const { specifier, line } of staticImports.get(file) ?? []) {
      const target = specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : specifier;
      if (lazyPackages.includes(target)) chains.push(`${file}:${line}: always loads ${[...chain, target].join(' > ')}`);
      if (seen.has(target)) continue;
      seen.add(target);
      queue.push([...chain, target]);
    }
  }
  return chains;
}

/** The first folder of a path below src/; a file beside the rooms is named for itself. */
function roomOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : path.replace(/\.ts$/, '');
}
