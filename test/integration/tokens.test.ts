import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startInstance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { secondsFromNow, secretToken, tokenSecret } from '../support/tokens.ts';
import { connectWs, refusedWs } from '../support/ws-client.ts';

const server = await startInstance(
  { after },
  { flags: ['--token-leeway=0s'], env: { TIDINGS_TOKEN_SECRET: tokenSecret } },
);
const wsUrl = `${server.wsUrl}/ws`;

test('a listener has the uid of its token', async (t) => {
  const client = await connectWs(t, `${wsUrl}?token=${secretToken({ sub: 'ann', exp: secondsFromNow(60) })}`);
  await post(server.url, { topic: 'uids', topic_ids: ['bob'], msg: 'for bob' });
  await post(server.url, { topic: 'uids', topic_ids: ['ann'], msg: 'for ann' });
  assert.deepEqual(Object(await client.next()).msg, 'for ann');
});

test('without a token nobody listens', async () => {
  const answer = await refusedWs(`${wsUrl}?uid=ann`);
  assert.equal(answer.status, 401);
  assert.equal(answer.headers['www-authenticate'], 'Bearer');
  assert.match(answer.text, /"unauthenticated"/);
});

test('a token that expires closes its connection; a tracked one is told before', async (t) => {
  const token = secretToken({ sub: 'ann', exp: secondsFromNow(3) });
  const tracked = await connectWs(t, `${wsUrl}?mid=&token=${token}`);
  const plain = await connectWs(t, `${wsUrl}?token=${token}`);
  const told = await tracked.until((frame) => Object(frame).event === 'token');
  assert.ok(Object(told).expires_in_ms > 0 && Object(told).expires_in_ms <= 1500, JSON.stringify(told));
  const closed = { code: 4501, reason: 'the token has expired' };
  assert.deepEqual(await Promise.all([tracked.closed, plain.closed]), [closed, closed]);
  assert.deepEqual(plain.frames, []);
});
