import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startInstance, type Instance } from '../support/instance.ts';
import { request } from '../support/request.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { connectWs, refusedWs } from '../support/ws-client.ts';
import { assertError } from './serving.ts';

async function act({ adminUrl }: Instance, path: string, method = 'POST'): Promise<void> {
  const answer = await request(`${adminUrl}/users/${path}`, { method });
  assert.equal(answer.status, 200, answer.text);
}

for (const workers of [1, 2]) {
  test(`with a data directory and ${workers} of workers, who is blocked stays so after a kill`, async (t) => {
    const flags = [`--data-dir=${await makeTempDir(t)}`, `--workers=${workers}`];
    const first = await startInstance(t, { flags });
    await act(first, 'bad/block');
    await act(first, 'was-bad/block');
    await act(first, 'was-bad/block', 'DELETE');
    // Killed right after the answer: what was answered is on disk.
    await first.kill();
    const second = await startInstance(t, { flags });
    assertError(await refusedWs(`${second.wsUrl}/ws?uid=bad`), 'uid_blocked');
    await connectWs(t, `${second.wsUrl}/ws?uid=was-bad`);
    await act(second, 'bad/block', 'DELETE');
    await second.stop();
    const third = await startInstance(t, { flags });
    await connectWs(t, `${third.wsUrl}/ws?uid=bad`);
  });
}

test('without one, a start begins anew', async (t) => {
  const first = await startInstance(t);
  await act(first, 'bad/block');
  await first.stop();
  const second = await startInstance(t);
  await connectWs(t, `${second.wsUrl}/ws?uid=bad`);
});

test('what is kept and cannot be read is said at the start, in one line', async (t) => {
  const dir = await makeTempDir(t);
  const flags = [`--data-dir=${dir}`];
  const first = await startInstance(t, { flags });
  await act(first, 'bad/block');
  await first.stop();
  writeFileSync(join(dir, 'users.json'), '{"format":1,"users":[["bad"]]}');
  await assert.rejects(startInstance(t, { flags }), /users\.json cannot be read/);
});
