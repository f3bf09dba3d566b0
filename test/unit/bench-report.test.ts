import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toMarkdown, type BenchResult } from '../../bench/report.ts';
import { SCENARIOS } from '../../bench/scenarios.ts';
import { summarize } from '../../bench/summary.ts';
import { run } from './bench-run-fixture.ts';

const result: BenchResult = {
  machine: {
    date: '2026-01-02T03:04:05.678Z',
    cpu: 'A | B',
    cores: 2,
    memoryGib: 4,
    kernel: 'Linux 6',
    node: 'v20',
    packages: { ws: '8' },
    redis: '7',
    openFilesLimit: 1_024,
    pinning: 'pinned',
  },
  runs: 1,
  quick: false,
  control: 'called invalid',
  scenarios: SCENARIOS.map((scenario) =>
    summarize(
      scenario,
      [scenario.subject, ...scenario.peers].map((_, i) => [run(0, {}, i === 0 ? '3 x missing' : '')]),
    ),
  ),
  ab: [{ server: 'plain-ws', keepAlive: true, requestsPerSecond: { median: 1, min: 1, max: 1 }, problems: ['ab: no'] }],
};

test('every row of every table has as many cells as its head', () => {
  const lines = toMarkdown(result).split('\n');
  let heads = 0;
  let rows = 0;
  let cells = 0;
  for (const [i, line] of lines.entries()) {
    if (!line.startsWith('|')) continue;
    if (!lines[i - 1]!.startsWith('|')) {
      heads++;
      cells = line.split(' | ').length;
    }
    rows++;
    assert.equal(line.split(' | ').length, cells, line);
  }
  assert.equal(heads, 3);
  assert.ok(rows > 3 * 2 + SCENARIOS.length * 2);
});

test('an invalid run is told in the table and by name', () => {
  const page = toMarkdown(result);
  for (const { name, subject } of SCENARIOS) {
    assert.match(page, new RegExp(`^\\| ${name} \\|.* invalid \\|$`, 'm'));
    assert.ok(page.includes(`- ${name}, ${subject.server}: run 1 INVALID: 3 x missing`));
  }
});
