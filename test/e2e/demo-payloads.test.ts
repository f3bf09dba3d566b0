import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { startChromium } from '../support/chromium.ts';
import { endWith, type Scope } from '../support/cleanup.ts';
import { startInstance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { request } from '../support/request.ts';
import { openDemo, type Demo, type DemoOptions } from './demo-page.ts';

const file = { after };
const server = await startInstance(file);
const chromium = await startChromium(file);

/** Each of them runs `ran()` in a page that takes it for markup; some when somebody clicks. */
const payloads = [
  '<img src=x onerror=ran()>',
  '<svg onload=ran()></svg>',
  '<svg><script>ran()</script></svg>',
  '<script>ran()</script>',
  '</textarea></p><img src=x onerror=ran()>',
  '"><img src=x onerror=ran()><p x="',
  "'-ran()-'",
  '<a href="javascript:ran()">javascript:ran()</a>',
  'javascript:ran()',
  '<iframe srcdoc="<script>parent.ran()</script>"></iframe>',
  '<iframe src="javascript:parent.ran()"></iframe>',
  '<details open ontoggle=ran()>x</details>',
  '<input autofocus onfocus=ran()>',
  '<video><source onerror=ran()></video>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=ran()&gt;">',
  '<style>@import "//evil.example/x.css";</style>',
  '<link rel=stylesheet href=//evil.example/x.css>',
  '<meta http-equiv=refresh content="0;url=javascript:ran()">',
  '<base href="//evil.example/">',
  '<form action="//evil.example/"><button>go</button></form>',
  '&lt;img src=x onerror=ran()&gt;',
  '${ran()}{{ran()}}<%= ran() %>',
  '\u202etxet\u2028\u2029<img src=x onerror=ran()>',
];

/** For places that take no spaces and 64 characters at most. */
const short = '<img/src=x/onerror=ran()>';

interface Watched {
  readonly page: Page;
  /** How often a payload ran. */
  runs(): Promise<number>;
  /** What the page's policy forbade, by directive. */
  violations(): Promise<readonly string[]>;
  /** The addresses that it asked for, of another server or another path than its own. */
  readonly strayRequests: readonly string[];
}

async function watch(page: Page): Promise<Watched> {
  const strayRequests: string[] = [];
  page.on('request', (one) => {
    const { origin, pathname } = new URL(one.url());
    if (origin !== server.url || !/^\/(demo\/[\w.-]*|send)$/.test(pathname)) strayRequests.push(one.url());
  });
  page.on('dialog', (dialog) => void dialog.dismiss().then(() => strayRequests.push('a dialog')));
  await page.addInitScript(`
    globalThis.runs = 0;
    globalThis.ran = () => (globalThis.runs += 1);
    globalThis.violations = [];
    addEventListener('securitypolicyviolation', (event) => globalThis.violations.push(event.effectiveDirective));
  `);
  return {
    page,
    strayRequests,
    runs: async () => Number(await page.evaluate('runs')),
    violations: async () => (await page.evaluate('violations')) as string[],
  };
}

async function openWatched(scope: Scope, options: DemoOptions): Promise<Demo & Watched> {
  let watched: Watched | undefined;
  const prepare = async (page: Page): Promise<void> => {
    watched = await watch(page);
    await options.prepare?.(page);
  };
  const demo = await openDemo(scope, chromium, server.url, { ...options, prepare });
  assert.ok(watched);
  return { ...demo, ...watched };
}

/** Nothing ran, nothing was even tried, and there is no element that the page does not make itself. */
async function assertQuiet({ page, runs, violations, strayRequests }: Watched, address: string): Promise<void> {
  await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))');
  assert.equal(await runs(), 0);
  assert.deepEqual(await violations(), []);
  assert.deepEqual(strayRequests, []);
  assert.equal(page.url(), address);
  const made = await page.evaluate(
    `[...new Set([...document.body.querySelectorAll('*')].map((one) => one.localName))]`,
  );
  const live = [
    'script',
    'img',
    'iframe',
    'object',
    'embed',
    'style',
    'link',
    'meta',
    'base',
    'video',
    'audio',
    'math',
  ];
  assert.deepEqual(
    (made as string[]).filter((name) => live.includes(name)),
    [],
  );
  const handlers = `[...document.querySelectorAll('*')].flatMap((one) => [...one.attributes])
    .filter(({ name, value }) => /^(on|srcdoc$)/.test(name) || (/href|src|action/.test(name) && /^\\s*javascript:/i.test(value)))
    .map(({ name, value, ownerElement }) => ownerElement.localName + ' ' + name + '=' + value)`;
  assert.deepEqual(await page.evaluate(handlers), []);
}

test('what a message brings is text in every place that shows it', async (t) => {
  const demo = await openWatched(t, { query: '?uid=all&types=*' });
  await demo.state('Open');
  const address = demo.page.url();
  for (const [index, payload] of payloads.entries()) {
    const fields = {
      types: payload.replaceAll(',', ';').slice(0, 64),
      time: payload.slice(0, 64),
      id: `${short}${index}`,
    };
    for (const [kind, msg] of [
      ['text', payload],
      ['json', { [payload]: [payload, { __html: payload }] }],
    ] as const) {
      const answer = await post(server.url, { topic: 'all', ...fields, id: `${fields.id}${kind}`, msg });
      assert.equal(answer.status, 202, answer.text);
    }
  }
  const count = payloads.length * 2;
  await demo.page.getByText(`${count} arrived`, { exact: true }).waitFor();
  const bodies = await demo.bodies();
  assert.equal(bodies.length, count);
  for (const [index, payload] of payloads.entries()) {
    const [json, text] = bodies.slice(count - 2 * index - 2, count - 2 * index);
    assert.equal(text, payload);
    assert.deepEqual(JSON.parse(json ?? ''), { [payload]: [payload, { __html: payload }] });
  }
  const types = await demo.page.locator('#arrivals .type').allTextContents();
  const times = await demo.page.locator('#arrivals .time').allTextContents();
  assert.ok(types.includes(short.replaceAll('/', ' ')), 'a type as it came');
  assert.ok(times.includes(short.replaceAll('/', ' ')), 'a time as it came');
  for (const link of await demo.page.locator('#arrivals').getByText('javascript:').all()) await link.click();

  const retracted = await request(`${server.adminUrl}/messages/${encodeURIComponent(`${short}0text`)}`, {
    method: 'DELETE',
  });
  assert.equal(retracted.status, 200, retracted.text);
  await demo.page.getByText(`retract · ${short}0text`).waitFor();
  assert.equal(await demo.page.locator('#arrivals .retracted').count(), 1);
  await assertQuiet(demo, address);
});

test('so is what somebody types, what the server answers to it, and what stands in the address', async (t) => {
  for (const payload of [
    short,
    '"><img src=x onerror=ran()><p x="',
    '<a href="javascript:ran()">x</a>',
    'javascript:ran()',
  ]) {
    const query = `?uid=${encodeURIComponent(payload)}&types=${encodeURIComponent(`${payload},*`)}`;
    const demo = await openWatched(t, { query });
    await demo.state('Open');
    assert.equal(await demo.page.title(), `uid ${payload} · Tidings demo`);
    await assertQuiet(demo, demo.page.url());
    await demo.page.close();
  }

  const demo = await openWatched(t, { query: '?uid=1', expected: /status of 400/ });
  await demo.state('Open');
  for (const payload of payloads) {
    const uids = payload.replaceAll(',', ';');
    assert.match(await demo.send({ uids, type: short, text: payload }), /202 Accepted/);
    assert.match(await demo.send({ uids, type: `${short},${short}`, text: payload }), /400 Bad Request/);
    assert.ok((await demo.page.getByLabel('curl command').innerText()).includes(short));
  }
  await assertQuiet(demo, demo.page.url());
});

test('so is every frame, whatever a server may say', async (t) => {
  const frames: readonly unknown[] = payloads.flatMap((payload) => [
    { event: 'welcome', mid: payload, resumed: payload },
    { event: 'gap', mid: payload },
    { event: 'retract', mid: 5, id: payload },
    { event: payload, [payload]: payload },
    { types: payload, msg: payload, time: { [payload]: payload }, mid: payload, id: payload },
    { types: [payload], msg: null, time: [payload], mid: payload, id: { [payload]: 1 } },
    [payload],
    payload,
  ]);
  const shown = frames.length - payloads.length;
  const demo = await openWatched(t, {
    query: '?uid=1&types=*&mode=plain',
    prepare: (page) =>
      page.routeWebSocket(/\/ws\?/, (socket) => {
        for (const frame of frames) socket.send(JSON.stringify(frame));
        for (const payload of payloads) socket.send(payload);
        socket.send('{"event":"last"}');
      }),
  });
  const address = demo.page.url();
  await demo.page.getByText('last · {}').waitFor();
  assert.equal(await demo.page.locator('#arrivals li').count(), Math.min(200, shown + 2 * payloads.length + 1));
  await assertQuiet(demo, address);
});

test('a close that says something says it as text', async (t) => {
  const reason = payloads[0] ?? '';
  const demo = await openWatched(t, {
    query: '?uid=1',
    prepare: (page) => page.routeWebSocket(/\/ws\?/, (socket) => void socket.close({ code: 4503, reason })),
  });
  await demo.detail(reason);
  await assertQuiet(demo, demo.page.url());
});

test('the control: without the policy most of it runs as markup, and with it the page cannot even try', async (t) => {
  const insert = (payload: string): string => `(() => {
    const place = document.createElement('div');
    document.body.append(place);
    place.innerHTML = ${JSON.stringify(payload)};
    place.querySelector('a')?.click();
  })()`;
  const page = await chromium.newPage();
  endWith(t, () => page.close());
  const loose = await watch(page);
  await page.route(`${server.url}/demo/`, async (route) => {
    const response = await route.fetch();
    const headers = { ...response.headers() };
    delete headers['content-security-policy'];
    await route.fulfill({ response, headers });
  });
  await page.goto(`${server.url}/demo/`);
  for (const payload of payloads) await page.evaluate(insert(payload));
  await page.waitForFunction('runs >= 8');
  assert.ok(loose.strayRequests.length > 0);
  await assert.rejects(assertQuiet(loose, page.url()));

  const tight = await watch(await chromium.newPage());
  endWith(t, () => tight.page.close());
  await tight.page.goto(`${server.url}/demo/`);
  await assert.rejects(tight.page.evaluate(insert(short)), /TrustedHTML/);
  // Markup that comes without a string is stopped by the rest of the policy.
  await tight.page.evaluate(`document.body.append(Object.assign(new Image(), { src: '//evil.example/x.png' }))`);
  await tight.page.evaluate(`fetch('//evil.example/').catch(() => {})`);
  await tight.page.evaluate(
    `(() => { const one = document.createElement('p'); one.setAttribute('style', 'color: red'); })()`,
  );
  const forbidden = await tight.violations();
  for (const directive of ['require-trusted-types-for', 'img-src', 'connect-src']) {
    assert.ok(forbidden.includes(directive), `${directive} of ${forbidden.join(', ')}`);
  }
});
