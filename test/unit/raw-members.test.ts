import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { rawItems, rawMember } from '../../src/message/raw-members.ts';
import { randomArray, randomJson, randomObject, randomString } from './random-json.ts';
import { seeded, type Chance } from './seeded.ts';

/** The name msg as JSON may write it. */
const msgKeys = ['"msg"', '"msg"', '"\\u006dsg"', '"m\\u0073\\u0067"'];
const nearKeys = ['"ms"', '"msgs"', '"Msg"', '"msg "', '"\\"msg"', '"\\\\msg"', '"topic"', '"\\u006dsgs"'];

function randomKeys(chance: Chance): string[] {
  return Array.from({ length: chance.below(6) }, () => {
    if (chance.happens(0.3)) return chance.pick(msgKeys);
    return chance.happens(0.5) ? chance.pick(nearKeys) : randomString(chance);
  });
}

function valueOf(json: string, name: string): unknown {
  const object = JSON.parse(json) as Record<string, unknown>;
  return Object.hasOwn(object, name) ? { value: object[name] } : undefined;
}

test('a member of random documents has the value that JSON.parse gives it', () => {
  const chance = seeded(20261121);
  const counts = { found: 0, absent: 0, repeated: 0, escaped: 0 };
  for (let round = 0; round < 6000; round += 1) {
    const keys = randomKeys(chance);
    const before = chance.pick(['', ' ', '\n\t']);
    const json = `${before}${randomObject(chance, keys)}${chance.pick(['', '\n'])}`;
    const raw = rawMember(json, 'msg');
    assert.deepEqual(raw === undefined ? undefined : { value: JSON.parse(raw) }, valueOf(json, 'msg'), json);
    if (raw === undefined) counts.absent += 1;
    else {
      counts.found += 1;
      assert.ok(json.includes(raw), 'the text stands in the document');
      assert.equal(raw, raw.trim());
      const named = keys.filter((key) => JSON.parse(key) === 'msg');
      if (named.length > 1) counts.repeated += 1;
      if (named.at(-1)?.includes('\\') === true) counts.escaped += 1;
    }
  }
  for (const [what, count] of Object.entries(counts)) assert.ok(count > 300, `only ${count} documents were ${what}`);
});

test('the items of random arrays have the values that JSON.parse gives them', () => {
  const chance = seeded(7);
  let items = 0;
  for (let round = 0; round < 4000; round += 1) {
    const json = `${chance.pick(['', '\r\n '])}${randomArray(
      chance,
      Array.from({ length: chance.below(6) }, () => randomJson(chance)),
    )}`;
    const texts = rawItems(json);
    items += texts.length;
    assert.deepEqual(
      texts.map((text) => JSON.parse(text) as unknown),
      JSON.parse(json),
      json,
    );
    for (const text of texts) assert.equal(text, text.trim());
  }
  assert.ok(items > 8000, `only ${items} items`);
});

test('the text is as it was written', () => {
  const member = (json: string): string | undefined => rawMember(json, 'msg');
  assert.equal(member('{"msg":12345678901234567890}'), '12345678901234567890');
  assert.equal(member('{ "msg" :\t1.0 , "a":1 }'), '1.0');
  assert.equal(member('{"msg":{"a" : [ 1,\n 2 ]},"time":"t"}'), '{"a" : [ 1,\n 2 ]}');
  assert.equal(member('{"msg":"}],\\"{[","x":1}'), '"}],\\"{["');
  assert.equal(member('{"msg":"\\\\"}'), '"\\\\"');
  assert.equal(member('{"msg":"\\ud800"}'), '"\\ud800"');
  assert.equal(member('{}'), undefined);
});

test('of a repeated name the last counts, and a name within a value does not', () => {
  assert.equal(rawMember('{"msg":1,"msg":2}', 'msg'), '2');
  assert.equal(rawMember('{"\\u006dsg":1,"msg":2}', 'msg'), '2');
  assert.equal(rawMember('{"msg":1,"\\u006dsg":2}', 'msg'), '2');
  assert.equal(rawMember('{"a":{"msg":1},"b":"msg"}', 'msg'), undefined);
  assert.equal(rawMember('{"msg":{"msg":1},"b":2}', 'msg'), '{"msg":1}');
});

test('depth costs no stack', () => {
  const deep = `${'['.repeat(500_000)}${']'.repeat(500_000)}`;
  assert.equal(rawMember(`{"msg":${deep}}`, 'msg')?.length, deep.length);
  assert.equal(rawItems(`[${deep},1]`).length, 2);
});

/** How many characters the string's own searches look at: a time would say something else on every machine. */
function countSearched({ mock }: TestContext, work: () => void): number {
  const { indexOf, includes } = String.prototype;
  let searched = 0;
  const count = (text: string, what: string, from: number): void => {
    const at = indexOf.call(text, what, from);
    searched += (at < 0 ? text.length : at + what.length) - from;
  };
  const mocks = [
    mock.method(String.prototype, 'indexOf', function (this: string, what: string, from = 0) {
      count(this, what, from);
      return indexOf.call(this, what, from);
    }),
    mock.method(String.prototype, 'includes', function (this: string, what: string, from = 0) {
      count(this, what, from);
      return includes.call(this, what, from);
    }),
  ];
  work();
  for (const { mock: one } of mocks) one.restore();
  return searched;
}

test('the work grows with the length, not with its square', (t) => {
  for (const member of ['"id":"x"', '"a":"\\\\\\"\\\\"', '"\\u0069d":"x"', '"msg":[{"a":"}"}]']) {
    const json = `{${Array.from({ length: 3000 }, () => member).join(',')}}`;
    const searched = countSearched(t, () => void rawMember(json, 'msg'));
    assert.ok(
      searched > 0 && searched < 4 * json.length,
      `${searched} characters searched of ${json.length}: ${member}`,
    );
  }
});
