import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Page, WebSocket, WebSocketRoute } from 'playwright-core';
import { screenshot, startChromium } from '../support/chromium.ts';
import { eventually } from '../support/deadline.ts';
import { startInstance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { openDemo } from './demo-page.ts';

const file = { after };
const server = await startInstance(file);
const chromium = await startChromium(file);

test('when the server stops, the page says so, and comes back with it', async (t) => {
  const old = await startInstance(t);
  const expected = /ERR_CONNECTION_REFUSED|WebSocket is closed before|Unexpected response code: 503/;
  const { page, state, detail, send, arrived } = await openDemo(t, chromium, old.url, { query: '?uid=1', expected });
  await state('Open');
  const closings: string[] = [];
  await page.exposeFunction('closing', (text: string) => closings.push(text));
  await page.evaluate(`new MutationObserver(() => closing(document.getElementById('state-detail').textContent))
    .observe(document.getElementById('state-detail'), { childList: true })`);

  await old.stop();
  await state('Reconnecting in');
  await detail('closed 1006: no server, or refused');
  assert.ok(
    closings.some((text) => text.startsWith('closed 1012: ')),
    closings.join('; '),
  );
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await page.getByText('No answer', { exact: true }).waitFor();

  await startInstance(t, { flags: [`--port=${new URL(old.url).port}`] });
  await state('Open');
  await send({ uids: '1', text: 'after the restart' });
  await arrived('after the restart');
});

test('disconnect is final, apply connects as somebody else', async (t) => {
  const sockets: WebSocket[] = [];
  const { page, state, send, arrived, bodies } = await openDemo(t, chromium, server.url, {
    query: '?uid=1',
    prepare: async (page) => void page.on('websocket', (socket) => sockets.push(socket)),
  });
  await state('Open');
  await page.getByLabel('Listen as uid').fill('2');
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.waitForURL(/\?uid=2&types=notice$/);
  await state('Open');
  await send({ uids: '1', text: 'for the former' });
  await send({ uids: '2', text: 'for the new' });
  await arrived('for the new');
  assert.deepEqual(await bodies(), ['for the new']);
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await state('Not connected');
  await eventually(() => sockets.every((socket) => socket.isClosed()) || undefined, 'the end of both connections');
  assert.equal(sockets.length, 2);
  await page.getByLabel('Listen as uid').fill('');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByText('A listener needs a uid.').waitFor();
  await state('Not connected');
});

test('tracked mode is welcomed, shows mids, and resumes at its cursor after a reload', async (t) => {
  const demo = await openDemo(t, chromium, server.url, { query: '?uid=tracked' });
  const { page } = demo;
  await demo.state('Open');
  await page.getByText(/^welcome · resumed · head mid \d+$/).waitFor();
  await demo.send({ uids: 'tracked', text: 'numbered' });
  await demo.arrived('numbered');
  const mid = /mid (\d+)/.exec(await page.locator('.arrival').innerText())?.[1];
  assert.ok(mid !== undefined);
  await page.getByText(`cursor ${mid}`, { exact: true }).waitFor();
  await page.reload();
  await page.getByText(`&mid=${mid}`).waitFor();
  await page.getByText(`welcome · resumed · head mid ${mid}`).waitFor();
});

test('a mid is shown once; gaps and unknown events are shown; the next connection begins at the cursor', async (t) => {
  const sockets: WebSocketRoute[] = [];
  const { page, state, arrived, bodies } = await openDemo(t, chromium, server.url, {
    query: '?uid=1',
    prepare: (page) => page.routeWebSocket(/\/ws\?/, (socket) => void sockets.push(socket)),
  });
  await state('Open');
  const [first] = sockets;
  assert.ok(first !== undefined);
  const message = (mid: number): object => ({ mid, id: `m${mid}`, types: 'notice', msg: `number ${mid}`, time: '' });
  const welcome = { event: 'welcome', mid: 10, resumed: true };
  const frames = [
    welcome,
    message(11),
    message(11),
    message(12),
    message(11),
    { event: 'gap', after: 12, mid: 20 },
    { event: 'x' },
  ];
  for (const frame of [...frames, message(21)]) first.send(JSON.stringify(frame));
  first.send('<b>no JSON</b>');
  await arrived('number 21');
  assert.deepEqual(await bodies(), ['number 21', 'number 12', 'number 11']);
  assert.deepEqual(await page.locator('#arrivals .note').allTextContents(), [
    'unreadable frame: <b>no JSON</b>',
    'x · {}',
    'gap · some messages may be missing, up to mid 20',
    'welcome · resumed · head mid 10',
  ]);

  first.send(JSON.stringify({ event: 'reconnect', after_ms: 0 }));
  const second = await eventually(() => sockets[1], 'the connection that a reconnect event asks for');
  assert.equal(new URL(second.url()).searchParams.get('mid'), '21');
  second.send(JSON.stringify({ event: 'welcome', mid: 90, resumed: false }));
  second.send(JSON.stringify(message(80)));
  await page.getByText('welcome · not resumed: some messages may be missing · head mid 90').waitFor();
  await arrived('number 80');
  await second.close({ code: 1012, reason: 'restart' });
  const third = await eventually(() => sockets[2], 'the connection after a restart');
  assert.equal(new URL(third.url()).searchParams.get('mid'), '80', 'what is kept follows from below the head');
  third.send(JSON.stringify({ event: 'welcome', mid: 70, resumed: false }));
  third.send(JSON.stringify(message(71)));
  await arrived('number 71');
});

test('what was missed is shown after a reconnect, a message that was taken back is marked, and the server is told', async (t) => {
  const sockets: WebSocketRoute[] = [];
  const acks: unknown[] = [];
  const { page, state, arrived } = await openDemo(t, chromium, server.url, {
    query: '?uid=missed',
    prepare: (page) =>
      page.routeWebSocket(/\/ws\?/, (socket) => {
        const upstream = socket.connectToServer();
        socket.onMessage((text) => {
          acks.push(JSON.parse(String(text)));
          upstream.send(text);
        });
        sockets.push(socket);
      }),
  });
  await state('Open');
  const send = async (msg: string): Promise<string> => {
    const answer = await post(server.url, { topic: 'uids', topic_ids: ['missed'], msg });
    return (answer.json as { id: string }).id;
  };
  const taken = await send('to be taken back');
  await arrived('to be taken back');
  await sockets[0]?.close({ code: 1012, reason: 'restart' });
  await state('Reconnecting in');
  await send('sent meanwhile');
  await arrived('sent meanwhile');
  await eventually(() => (acks.length > 0 ? true : undefined), 'an acknowledgement');
  assert.equal(typeof (acks[0] as { ack: unknown }).ack, 'number');

  const [, second] = sockets;
  second?.send(JSON.stringify({ mid: Number.MAX_SAFE_INTEGER, event: 'retract', id: taken }));
  await page.locator('.retracted', { hasText: 'to be taken back' }).getByText('taken back', { exact: true }).waitFor();
  assert.equal(await page.locator('.retracted').count(), 1);
  await screenshot(page, 'demo-missed');
});

test('a close with 4500 to 4999 is final, any other close is not', async (t) => {
  for (const [code, isFinal] of [
    [4500, true],
    [4999, true],
    [1013, false],
    [4000, false],
    [4499, false],
  ] as const) {
    let opened = 0;
    const { page, state } = await openDemo(t, chromium, server.url, {
      query: '?uid=1',
      prepare: async (page: Page) => {
        await page.clock.install();
        await page.routeWebSocket(/\/ws\?/, (socket) => {
          opened += 1;
          void socket.close({ code, reason: 'because' });
        });
      },
    });
    if (isFinal) {
      await state(`Closed ${code}`);
      await page.clock.runFor(120_000);
      assert.equal(await page.locator('#state').innerText(), `Closed ${code}`);
      assert.equal(opened, 1);
      await page.getByText('because; will not reconnect', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Connect', exact: true }).waitFor();
    } else {
      await eventually(() => (opened >= 2 ? true : undefined), `a second connection after ${code}`);
    }
    await page.close();
  }
});

test('below a path prefix the page posts and listens below it too', async (t) => {
  const listened: string[] = [];
  const { page, state, send } = await openDemo(t, chromium, `${server.url}/behind/a/proxy`, {
    query: '?uid=1',
    prepare: async (page) => {
      await page.route('**/behind/a/proxy/**', async (route) => {
        const url = route.request().url().replace('/behind/a/proxy', '');
        await route.fulfill({ response: await route.fetch({ url }) });
      });
      await page.routeWebSocket(/\/ws\?/, (socket) => void listened.push(socket.url()));
    },
  });
  await state('Open');
  const posted = page.waitForRequest((request) => request.method() === 'POST');
  assert.match(await send({ text: 'through a proxy' }), /202 Accepted/);
  assert.equal((await posted).url(), `${server.url}/behind/a/proxy/send`);
  assert.deepEqual(listened, [`${server.wsUrl}/behind/a/proxy/ws?uid=1&types=notice&mid=`]);
});

test("a page of the predecessor, with its own address form, gets the predecessor's frames", async (t) => {
  const { page } = await openDemo(t, chromium, server.url);
  const frames: string[] = [];
  await page.exposeFunction('frame', (text: string) => frames.push(text));
  await page.evaluate(`new Promise((resolve, reject) => {
    const socket = new WebSocket('${server.wsUrl}/ws?d={"uid":"old","types":["notice"]}');
    socket.onmessage = (event) => frame(event.data);
    socket.onopen = resolve;
    socket.onerror = reject;
  })`);
  const envelope = { topic: 'uids', topic_ids: ['old'], msg: '测试消息', time: '2019-12-12 12:12:12' };
  assert.equal((await post(server.url, envelope)).status, 202);
  const frame = await eventually(() => frames[0], 'the frame');
  assert.equal(frame, '{"types":"notice","msg":"测试消息","time":"2019-12-12 12:12:12"}');
});
