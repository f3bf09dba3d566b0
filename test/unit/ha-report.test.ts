import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { haPage, isComplete, newestReports, withMeasured } from '../ha/document.ts';
import { parseHaOptions } from '../ha/options.ts';
import { toMarkdown, type HaReport } from '../ha/report.ts';
import { exceeded, type Figures, type HaResult } from '../ha/run-scenario.ts';
import { haNames } from '../ha/scenarios.ts';

const figures: Figures = {
  posts: 1_000,
  refused: 5,
  refusedWithKey: 0,
  refusedShare: 0.004,
  listeners: 2_000,
  reconnects: 2_000,
  longestSilenceMs: 2_798,
  busiestSecondShare: 0.558,
  allBackMs: 2_798,
  notResumed: 0,
  accepted: 9_903,
  lost: 0,
  untold: 0,
  repeated: 0,
  delivered: 211_804,
  sendP99Ms: 31.4,
  sendLongestMs: 60,
  leftOnBackup: -1,
  refusedHandshakes: 0,
  longestStallMs: 140,
};

function report(results: Partial<HaResult>[], workers = 1): HaReport {
  const usual: HaResult = {
    scenario: 'kill-primary',
    event: 'SIGKILL of the primary',
    isFull: true,
    isDurable: true,
    postsPerSecond: 500,
    figures,
    failure: '',
    log: ['1.0 s: begun'],
  };
  const machine: HaReport['machine'] = {
    date: '2026-11-21T07:00:00.000Z',
    cpu: 'a processor',
    cores: 2,
    memoryGib: 24,
    kernel: 'Linux 6',
    node: 'v20',
    packages: {},
    redis: '7.0.15',
    openFilesLimit: 20_000,
    pinning: 'none',
  };
  return { machine, workers, results: results.map((one) => ({ ...usual, ...one })) };
}

test('a limit is broken by what is above it; one of time only in a full run', () => {
  const limits = [
    { figure: 'lost', atMost: 0 },
    { figure: 'longestSilenceMs', atMost: 2_000, isTimed: true },
  ] as const;
  assert.deepEqual(exceeded(limits, figures, true), ['longestSilenceMs is 2798, and at most 2000 was promised']);
  assert.deepEqual(exceeded(limits, figures, false), []);
  assert.deepEqual(exceeded(limits, { ...figures, lost: 1 }, false), ['lost is 1, and at most 0 was promised']);
  assert.equal(exceeded(limits, { ...figures, lost: Number.NaN }, false).length, 1, 'no figure is no pass');
});

test('the tables have a row for each event, and say what did not hold', () => {
  const page = toMarkdown(report([{}, { event: 'another', failure: 'lost is 3', figures: { ...figures, lost: 3 } }]));
  assert.match(
    page,
    /\| SIGKILL of the primary \| 2,000 \| 500 \| 9,903 \| 211,804 \| \*\*0\*\* \|.*\| 0\.40 % \| yes \|/,
  );
  assert.match(page, /\| another \|.*\| \*\*3\*\* \|.*\| \*\*no\*\* \|/);
  assert.match(page, /\| SIGKILL of the primary \| 2,000 \| 2\.8 s \| 55\.8 % \| 2\.8 s \| 31 ms \|/);
  assert.match(page, /1\.0 s: begun\nlost is 3\n```/);
});

test('where nothing outlives a process, what was lost stands beside how much of it nobody was told', () => {
  const lost = { ...figures, lost: 12, untold: 0 };
  assert.match(toMarkdown(report([{ isDurable: false, figures: lost }])), /\| \*\*12\*\*, untold 0 \|/);
});

test('only every scenario in full makes a page, and the page keeps what stands around its tables', () => {
  const all = haNames.map((scenario) => ({ scenario }));
  assert.equal(isComplete(report(all)), true);
  assert.equal(isComplete(report(all.slice(1))), false);
  assert.equal(isComplete(report([...all.slice(1), { scenario: haNames[0] ?? 'storm', isFull: false }])), false);
  const page = 'before\n<!-- measured: npm run chaos -- --ha -->\nthe former table\n<!-- /measured -->\nafter\n';
  const once = withMeasured(page, [report(all)]);
  assert.match(once, /^before\n<!-- measured.*-->\n\n\| event [^]*\n\n<!-- \/measured -->\nafter\n$/);
  assert.doesNotMatch(once, /former/);
  assert.equal(withMeasured(once, [report(all)]), once);
  assert.throws(() => withMeasured('nothing', [report(all)]), /lacks/);
});

test('a run with workers never stands for one without, and has a place of its own', () => {
  const all = haNames.map((scenario) => ({ scenario, event: 'of one process' }));
  const crews = report(
    all.map((one) => ({ ...one, event: 'of two workers' })),
    2,
  );
  assert.equal(isComplete(crews), true);
  assert.equal(isComplete(report(all, 3)), false, 'the page tells of two');
  const places = ['npm run chaos -- --ha', 'npm run chaos -- --ha --workers=2'];
  const page = places.map((how) => `<!-- measured: ${how} -->\n\n${how}\n<!-- /measured -->\n`).join('between\n');
  const [own, crew, ...rest] = withMeasured(page, [crews]).split('between\n');
  assert.equal(rest.length, 0);
  assert.equal(own, page.split('between\n')[0]);
  assert.match(crew ?? '', /^<!--.*--workers=2 -->\n\n\| event [^]*of two workers/);
  const both = withMeasured(page, [report(all), crews]).split('between\n');
  assert.deepEqual(
    both.map((part) => [/of one process/.test(part), /of two workers/.test(part)]),
    [
      [true, false],
      [false, true],
    ],
  );
  assert.match(toMarkdown(crews), /^# Failures of a pair with 2 workers each\n/);
});

test('the tables of docs/ha.md are those of the newest full run', () => {
  const page = readFileSync(haPage, 'utf8');
  assert.equal(
    withMeasured(page, newestReports()),
    page,
    'npm run chaos -- --ha writes them; --ha --render writes those of the newest results',
  );
});

test('the command line: all scenarios, some, short ones, and names that do not exist', () => {
  assert.equal(parseHaOptions(['--setup=redis']), undefined);
  const full = { isFull: true, workers: 1, outDir: 'test/ha/results', isForDocs: true };
  assert.deepEqual(parseHaOptions(['--ha']), { names: haNames, ...full });
  assert.deepEqual(parseHaOptions(['--ha=storm,partition']), { names: ['storm', 'partition'], ...full });
  assert.deepEqual(parseHaOptions(['--ha=storm', '--short', '--out=x']), {
    names: ['storm'],
    isFull: false,
    workers: 1,
    outDir: 'x',
    isForDocs: false,
  });
  assert.deepEqual(parseHaOptions(['--ha', '--workers=2']), { names: haNames, ...full, workers: 2 });
  assert.throws(() => parseHaOptions(['--ha', '--workers=auto']), /--workers=auto/);
  assert.equal(parseHaOptions(['--ha', '--render']), 'render');
  assert.throws(() => parseHaOptions(['--ha=strom']), /no scenario "strom"; there are: kill-primary, /);
  assert.throws(() => parseHaOptions(['--ha', '--rounds=3']), /rounds/);
});
