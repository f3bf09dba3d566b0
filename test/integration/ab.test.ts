import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { startInstance } from '../support/instance.ts';
import { projectRoot } from '../support/project.ts';
import { runProgram } from '../support/run-command.ts';
import { connectWs } from '../support/ws-client.ts';

const posts = 10_000;
const push = '{"types":"notice","msg":"测试消息","time":"1999-12-12"}';

/** The load line of the predecessor's README, with its unmodified body, while a listener of each kind is connected. */
async function loadWithAb(t: TestContext, options: readonly string[]): Promise<void> {
  const { url, wsUrl } = await startInstance(t);
  const plain = await connectWs(t, `${wsUrl}/ws?uid=1&types=notice`);
  const document = await connectWs(t, `${wsUrl}/ws?d=${encodeURIComponent('{"uid":"2","types":["notice"]}')}`);
  const tracked = await connectWs(t, `${wsUrl}/ws?uid=1&mid=`);

  const body = ['-T', 'application/json', '-p', join(projectRoot, 'postdata.txt')];
  const args = ['-q', ...options, '-c', '100', '-n', String(posts), ...body, `${url}/send`];
  const { code, stdout, stderr } = await runProgram('ab', args);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^Complete requests:\s+10000$/m);
  assert.match(stdout, /^Failed requests:\s+0$/m);
  assert.doesNotMatch(stdout, /^Non-2xx responses:/m);

  for (const listener of [plain, document]) {
    await listener.count(posts);
    assert.equal(listener.texts.length, posts);
    assert.ok(listener.texts.every((text) => text === push));
  }
  await tracked.count(posts + 1);
  const mids = tracked.frames.map((frame) => (frame as { mid: number }).mid);
  assert.equal(mids.length, posts + 1);
  assert.ok(
    mids.every((mid, at) => at === 0 || mid > (mids[at - 1] ?? Infinity)),
    'the welcome, then mids that increase',
  );
}

test('ab with keep-alive: 10,000 x 2xx, and every listener got 10,000 frames', (t) => loadWithAb(t, ['-k']));

test('ab with a connection for each post: 10,000 x 2xx, and every listener got 10,000 frames', (t) =>
  loadWithAb(t, []));
