import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNginx, substitute } from '../../support/nginx.ts';
import { request } from '../../support/request.ts';

const CONFIG = `
events { worker_connections 64; }
http {
  server {
    listen 127.0.0.1:3220;
    location / { return 200 'from nginx'; }
    location /away { proxy_pass http://127.0.0.1:3210; }
  }
}`;

test('a real nginx serves the configuration with its ports replaced', async (t) => {
  const nginx = await startNginx(t, (port) =>
    substitute(CONFIG, [
      ['3220', String(port)],
      ['3210', '1'],
    ]),
  );
  const answer = await request(`${nginx.url}/`);
  assert.equal(answer.status, 200);
  assert.equal(answer.text, 'from nginx');
  assert.equal((await request(`${nginx.url}/away`)).status, 502);
  await nginx.stop();
  await assert.rejects(request(`${nginx.url}/`), /ECONNREFUSED/);
});

test('a configuration that nginx refuses is an error in its words', async (t) => {
  await assert.rejects(
    startNginx(t, () => 'events {} http { no_such_directive on; }'),
    /no_such_directive/,
  );
});

test('substitute refuses what is not there, and does not replace what it has put in', () => {
  assert.throws(() => substitute('listen 80;', [['3220', '1']]), /does not contain '3220'/);
  const swapped = substitute('3210 3211', [
    ['3210', '3211'],
    ['3211', '3210'],
  ]);
  assert.equal(swapped, '3211 3210');
});
