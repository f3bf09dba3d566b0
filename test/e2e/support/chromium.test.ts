import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { startChromium, screenshot } from '../../support/chromium.ts';
import { endWith } from '../../support/cleanup.ts';
import { createScope } from '../../support/planned-scope.ts';

test('a real Chromium opens a page, takes its picture, and tells what its scripts threw', async (t) => {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<button onclick="this.textContent=\'pressed\'">press</button>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endWith(t, () => {
    server.close();
    server.closeAllConnections();
  });
  const scope = createScope();
  const { newPage } = await startChromium(scope);
  const page = await newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.getByRole('button').click();
  await page.getByText('pressed').waitFor();
  assert.ok(statSync(await screenshot(page, 'support')).size > 500);

  const thrown = page.waitForEvent('pageerror');
  await page.evaluate("setTimeout(() => { throw new Error('planted') })");
  await thrown;
  await assert.rejects(scope.end(), /in the page: Error: planted/);
});
