import type { AbSummary } from './ab.ts';
import type { Machine } from './machine.ts';
import { spreadOf, type ScenarioSummary, type SideSummary, type Spread } from './summary.ts';

/** All that one invocation of the bench found. */
export interface BenchResult {
  machine: Machine;
  runs: number;
  quick: boolean;
  control: string;
  scenarios: ScenarioSummary[];
  ab: AbSummary[] | 'not installed' | undefined;
}

/** The result as a page: ratios first, then the figures that they are made of, then the machine. */
export function toMarkdown(result: BenchResult): string {
  const { machine } = result;
  const parts = [
    `# Bench of ${machine.date.slice(0, 16).replace('T', ' ')} UTC${result.quick ? ' (quick: a look, not a result)' : ''}`,
    `Medians of ${result.runs}; in brackets the lowest and highest. Sides of a scenario ran in turns, each run on a fresh server.`,
    ratioTable(result.scenarios),
    '## Figures',
    figureTable(result.scenarios),
    ...notes(result.scenarios),
    ...(result.ab === undefined ? [] : ['## ab -c 100 -n 10000', abTable(result.ab)]),
    '## Machine and method',
    machineList(result),
  ];
  return `${parts.join('\n\n')}\n`;
}

function ratioTable(scenarios: ScenarioSummary[]): string {
  const rows = scenarios.map(({ name, work, unit, target, ratio, verdict, sides }) => {
    const [subject, peer] = sides;
    const isRatio = target.of === 'ratio';
    const reached = isRatio && ratio !== undefined ? `${spread(ratio)} x ${peer?.server}` : spread(subject!.figure);
    const bar = (value: number) => `${target.better === 'lower' ? '<= ' : ''}${number(value)}${isRatio ? 'x' : ''}`;
    return [name, work, unit, `**${reached}**`, bar(target.atLeast), bar(target.aim), verdict];
  });
  return table(['scenario', 'work', 'of', 'Tidings', 'at least', 'aim', 'verdict'], rows);
}

function figureTable(scenarios: ScenarioSummary[]): string {
  const rows = scenarios.flatMap(({ name, unit, sides }) =>
    sides.map((side) => [
      name,
      side.server,
      `${spread(side.figure)} ${unit}`,
      medianOf(side, (run) => run.postsPerSecond),
      medianOf(side, (run) => run.serverMicrosPerPost),
      medianOf(side, (run) => run.serverMicrosPerDelivery),
      percent(side, (run) => run.serverCpu),
      percent(side, (run) => run.generatorCpu),
      percent(side, (run) => run.storeCpu),
      ['p50Micros', 'p99Micros', 'maxMicros']
        .map((key) => medianOf(side, (run) => run.latency[key as 'p50Micros'] / 1_000))
        .join(' / '),
    ]),
  );
  const head = [
    'scenario',
    'server',
    'figure',
    'posts/s',
    'us/post',
    'us/delivery',
    'server CPU',
    'generator CPU',
    'Redis CPU',
    'p50/p99/max ms',
  ];
  return table(head, rows);
}

function notes(scenarios: ScenarioSummary[]): string[] {
  const lines = scenarios.flatMap(({ name, sides }) =>
    sides.flatMap((side) => side.notes.map((note) => `- ${name}, ${side.server}: ${note}`)),
  );
  return lines.length === 0 ? [] : [lines.join('\n')];
}

function abTable(ab: AbSummary[] | 'not installed'): string {
  if (ab === 'not installed') return 'ab is not installed.';
  const rows = ab.map((one) => [
    one.server,
    one.keepAlive ? 'yes' : 'no',
    spread(one.requestsPerSecond),
    one.problems.join('; ') || 'all 2xx',
  ]);
  return table(['server', 'keep-alive', 'requests/s', 'answers'], rows);
}

function machineList({ machine, control }: BenchResult): string {
  const packages = Object.entries(machine.packages).map(([name, version]) => `${name} ${version}`);
  return [
    `- ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, ${machine.kernel}; ${machine.openFilesLimit} open files a process`,
    `- Node ${machine.node}, ${packages.join(', ')}, redis-server ${machine.redis} without persistence`,
    `- ${machine.pinning}`,
    '- every connection got exactly the deliveries that it was owed, or the run is marked INVALID',
    `- positive control (a server that drops 1 delivery in 1,000): ${control}`,
    '- deliveries/s: from the first post to the last delivery, warm-up left out',
    '- CPU, us/post, us/delivery: user + system time of the whole server process, which another load on the machine hardly changes',
    '- latency: from the instant at which the post was due (paced) or written to the read of the frame, in one process',
  ].join('\n');
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function spread({ median, min, max }: Spread): string {
  if (Number.isNaN(median)) return 'none';
  return min === max ? number(median) : `${number(median)} (${number(min)}..${number(max)})`;
}

/** Three significant digits, or whole thousands separated by commas. */
function number(value: number): string {
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

type Run = NonNullable<SideSummary['runs'][number]['result']>;

function medianOf(side: SideSummary, pick: (run: Run) => number): string {
  const { median } = spreadOf(side.runs.flatMap(({ result }) => (result === undefined ? [] : [pick(result)])));
  return median > 0 ? number(median) : '-';
}

function percent(side: SideSummary, pick: (run: Run) => number): string {
  const share = medianOf(side, (run) => Math.round(pick(run) * 100));
  return share === '-' ? '-' : `${share} %`;
}
