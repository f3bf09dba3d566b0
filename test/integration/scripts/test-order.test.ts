import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { callScript } from '../../support/call-script.ts';
import { projectRoot } from '../../support/project.ts';

interface Known {
  readonly seconds: number;
  readonly waits?: boolean;
}

const known: Readonly<Record<string, Known>> = {
  long: { seconds: 30 },
  longer: { seconds: 40 },
  idle: { seconds: 50, waits: true },
  idler: { seconds: 60, waits: true },
};

/** What is handed out to who asks in these turns: `w` for who wants files that wait, `b` for anybody else. */
async function handedOut(files: readonly string[], turns: string): Promise<readonly string[]> {
  const expression = `(() => {
    const order = script.orderOf(${JSON.stringify(files)}, (file) => file, ${JSON.stringify(known)});
    return [...${JSON.stringify(turns)}].map((turn) => order.next({ waiting: turn === 'w' }) ?? '-');
  })()`;
  return (await callScript('test-order.mjs', expression)) as readonly string[];
}

test('the longest come first, and each file is handed out once', async () => {
  const files = ['a', 'idle', 'long', 'b', 'idler', 'longer'];
  assert.deepEqual(await handedOut(files, 'bbbbbbb'), ['longer', 'long', 'a', 'b', 'idler', 'idle', '-']);
});

test('who asks for files that wait gets those and no others; who does not helps at the end', async () => {
  assert.deepEqual(await handedOut(['a', 'idle', 'idler', 'long'], 'wbbbw'), ['idler', 'long', 'a', 'idle', '-']);
  assert.deepEqual(await handedOut(['a', 'b'], 'wbb'), ['-', 'a', 'b']);
});

test('what is known of files is known of files that are there', async () => {
  const names = Object.keys((await callScript('test-order.mjs', 'script.longest')) as Readonly<Record<string, Known>>);
  assert.ok(names.length > 20, `${names.length} names`);
  for (const name of names) assert.ok(existsSync(join(projectRoot, 'test', `${name}.test.ts`)), name);
});
