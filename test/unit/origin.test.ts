import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOriginRule } from '../../src/auth/origin-rule.ts';

const own = '127.0.0.1:3210';
const rule = createOriginRule(['https://app.example.com', 'null']);
const closed = createOriginRule([]);
const open = createOriginRule(['*']);

test('who comes from no browser may post', () => {
  for (const mayPost of [rule, closed, open]) {
    assert.equal(mayPost(undefined, own), true);
    assert.equal(mayPost(undefined, undefined), true);
  }
});

test('a listed origin may, to the letter', () => {
  assert.equal(rule('https://app.example.com', own), true);
  assert.equal(rule('null', own), true);
  for (const origin of [
    'http://app.example.com',
    'https://app.example.com:8443',
    'https://example.com',
    'https://x.app.example.com',
    'https://app.example.com.evil.com',
    'https://APP.example.com',
    '',
  ]) {
    assert.equal(rule(origin, own), false, origin);
  }
});

test('a star lets every page post', () => {
  for (const origin of ['https://evil.com', 'null', '', 'garbage']) assert.equal(open(origin, own), true);
});

test('the pages of this server may, where its name is an address or localhost', () => {
  for (const [origin, host] of [
    ['http://127.0.0.1:3210', '127.0.0.1:3210'],
    ['http://localhost:3210', 'localhost:3210'],
    ['http://localhost:3210', 'LOCALHOST:3210'],
    ['http://app.localhost:3210', 'app.localhost:3210'],
    ['http://[::1]:3210', '[::1]:3210'],
    ['http://192.168.1.5', '192.168.1.5'],
    ['https://10.0.0.7:8443', '10.0.0.7:8443'],
  ] as const) {
    assert.equal(closed(origin, host), true, origin);
  }
});

test('others may not: another port, another host, a name bound to our address', () => {
  for (const [origin, host] of [
    ['http://127.0.0.1:3211', own],
    ['http://127.0.0.1', own],
    ['http://127.0.0.2:3210', own],
    ['http://localhost:3210', own],
    ['http://evil.com', 'evil.com'],
    ['http://evil.com:3210', 'evil.com:3210'],
    ['http://127.0.0.1.evil.com:3210', '127.0.0.1.evil.com:3210'],
    ['http://evillocalhost:3210', 'evillocalhost:3210'],
    ['http://localhost.evil.com', 'localhost.evil.com'],
    ['null', 'null'],
    ['', ''],
    ['http://127.0.0.1:3210', undefined],
    ['file://', ''],
    ['//127.0.0.1:3210', own],
  ] as const) {
    assert.equal(closed(origin, host), false, origin);
  }
});

test('all names below one, whatever their depth; not that name itself, and not what only ends or begins like it', () => {
  const below = createOriginRule(['https://*.example.com', 'http://*.test.example:8080']);
  for (const origin of [
    'https://a.example.com',
    'https://a.b-c.d_e.example.com',
    'https://xn--bcher-kva.example.com',
    'http://a.test.example:8080',
  ]) {
    assert.equal(below(origin, own), true, origin);
  }
  for (const origin of [
    'https://example.com',
    'https://.example.com',
    'https://..example.com',
    'https://a..example.com',
    'http://a.example.com',
    'https://a.example.com:8443',
    'https://evilexample.com',
    'https://a.example.com.evil.com',
    'https://evil.com/.example.com',
    'https://evil.com?.example.com',
    'https://evil.com#.example.com',
    'https://evil.com:80.example.com',
    'https://evil@a.example.com',
    'https://a.example.com, https://evil.com',
    'https://evil.com, https://a.example.com',
    'http://a.test.example',
    'null',
  ]) {
    assert.equal(below(origin, own), false, origin);
  }
});

test('by a name of its own only where a key is asked for', () => {
  const named = createOriginRule([], { ownNames: true });
  assert.equal(named('https://notify.example.com', 'notify.example.com'), true);
  assert.equal(named('https://notify.example.com:8443', 'notify.example.com:8443'), true);
  assert.equal(named('https://notify.example.com', 'Notify.Example.com'), true);
  for (const [origin, host] of [
    ['https://evil.com', 'notify.example.com'],
    ['https://x.notify.example.com', 'notify.example.com'],
    ['https://notify.example.com', 'notify.example.com:8443'],
    ['https://notify.example.com/', 'notify.example.com'],
    ['https://notify.example.com', undefined],
    ['null', 'null'],
    ['', ''],
  ] as const) {
    assert.equal(named(origin, host), false, origin);
  }
});

test('pages of this machine, where it is asked for as this machine', () => {
  const machine = createOriginRule([], { ownMachine: true });
  const names = ['localhost', 'app.localhost', '127.0.0.1', '127.8.8.8', '[::1]'];
  for (const page of names) {
    for (const host of names) assert.equal(machine(`http://${page}:3000`, `${host}:3210`), true, `${page} ${host}`);
  }
  for (const [origin, host] of [
    ['http://localhost:3000', 'notify.example.com'],
    ['http://localhost:3000', '192.168.1.5:3210'],
    ['http://192.168.1.5:3000', 'localhost:3210'],
    ['http://127.0.0.1.evil.com', own],
    ['http://127.evil.com', own],
    ['http://evil.com', own],
    ['null', own],
    ['file://', own],
    ['http://localhost:3000', 'localhost:x'],
    ['http://localhost:3000', ''],
  ] as const) {
    assert.equal(machine(origin, host), false, `${origin} ${host}`);
  }
});
