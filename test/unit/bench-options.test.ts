import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOptions } from '../../bench/options.ts';

const names = ['idle', 'secured-broadcast', 'secured-single', 'idle-memory', 'secure'];

test('a scenario is named whole, or with its kin by what their names begin with', () => {
  const only = (...args: readonly string[]): unknown => {
    const options = parseOptions(args, names);
    return options === 'list' ? options : options.only;
  };
  assert.deepEqual(only(), []);
  assert.deepEqual(only('--only=secured'), ['secured-broadcast', 'secured-single']);
  assert.deepEqual(only('--only=idle', '--only=secured-single,secure'), ['idle', 'secured-single', 'secure']);
  assert.throws(() => only('--only=sec'), /no scenario "sec"; there are: idle, secured-broadcast/);
});
