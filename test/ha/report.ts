import type { Machine } from '../../bench/machine.ts';
import type { HaResult } from './run-scenario.ts';

/** All that one invocation found. */
export interface HaReport {
  readonly machine: Machine;
  /** Of each instance; absent or 1: it was one process. */
  readonly workers?: number;
  readonly results: readonly HaResult[];
}

/** The report as a page: the tables, then what happened when. */
export function toMarkdown(report: HaReport): string {
  const logs = report.results.map(({ scenario, log, failure }) =>
    [`### ${scenario}`, '```', ...log, ...(failure === '' ? [] : [failure]), '```'].join('\n'),
  );
  const { workers = 1 } = report;
  const title = workers > 1 ? `# Failures of a pair with ${workers} workers each` : '# Failures of a pair';
  const parts = [title, measured(report), '## What happened when', ...logs];
  return `${parts.join('\n\n')}\n`;
}

/** The tables that docs/ha.md has, and what they were measured on. */
export function measured({ machine, results }: HaReport): string {
  return [
    lossTable(results),
    'Accepted, lost, repeated: see "How it is measured". Refused: posts whose one attempt was not answered 202; in brackets those that had a key. Share: of the posts of the 10 s after the event.',
    timeTable(results),
    'Silence: of a listener, from the loss of its socket (or the kill of its instance) to its welcome on another. Busiest second: the share of the listeners that came back within it; of a hand-back, those who were handed back. All back: from the event to the last welcome. p99: of `/send`, from the event until all were back, or for 5 s where nobody moved. Stall: how long at most the measuring processes did not get their turn.',
    measuredOn(machine),
  ].join('\n\n');
}

/** The table of docs/ha.md of instances with workers, and what it was measured on. Times of answers are not in it. */
export function measuredCrews({ machine, results }: HaReport): string {
  return `${crewTable(results)}\n\n${measuredOn(machine)}`;
}

function measuredOn(machine: Machine): string {
  return `${machine.date.slice(0, 16).replace('T', ' ')} UTC, ${machine.cpu}, ${machine.cores} cores that clients, nginx, Redis and both instances share, ${machine.kernel}, Node ${machine.node}, Redis ${machine.redis}.`;
}

function crewTable(results: readonly HaResult[]): string {
  return table(
    [
      'event',
      'accepted',
      'lost',
      'repeated',
      'refused',
      'longest silence',
      'busiest second',
      'all back',
      'as promised',
    ],
    results.map(({ event, failure, figures, isDurable }) => [
      event,
      whole(figures.accepted),
      lostOf(figures, isDurable),
      whole(figures.repeated),
      `${whole(figures.refused)} (${whole(figures.refusedWithKey)})`,
      seconds(figures.longestSilenceMs),
      figures.reconnects === 0 ? '' : percent(figures.busiestSecondShare),
      seconds(figures.allBackMs),
      failure === '' ? 'yes' : '**no**',
    ]),
  );
}

function lostOf({ lost, untold }: HaResult['figures'], isDurable: boolean): string {
  return lost === 0 || isDurable ? `**${whole(lost)}**` : `**${whole(lost)}**, untold ${untold}`;
}

function lossTable(results: readonly HaResult[]): string {
  return table(
    ['event', 'listeners', 'posts/s', 'accepted', 'delivered', 'lost', 'repeated', 'refused', 'share', 'as promised'],
    results.map(({ event, postsPerSecond, failure, figures, isDurable }) => [
      event,
      whole(figures.listeners),
      whole(postsPerSecond),
      whole(figures.accepted),
      whole(figures.delivered),
      lostOf(figures, isDurable),
      whole(figures.repeated),
      `${whole(figures.refused)} (${whole(figures.refusedWithKey)})`,
      percent(figures.refusedShare),
      failure === '' ? 'yes' : '**no**',
    ]),
  );
}

function timeTable(results: readonly HaResult[]): string {
  return table(
    [
      'event',
      'reconnects',
      'longest silence',
      'busiest second',
      'all back',
      'p99 of /send',
      'told `resumed:false`',
      'left on the backup',
      'stall',
    ],
    results.map(({ event, figures }) => [
      event,
      whole(figures.reconnects),
      seconds(figures.longestSilenceMs),
      figures.reconnects === 0 ? '' : percent(figures.busiestSecondShare),
      seconds(figures.allBackMs),
      `${whole(Math.round(figures.sendP99Ms))} ms`,
      whole(figures.notResumed),
      figures.leftOnBackup < 0 ? '' : whole(figures.leftOnBackup),
      `${whole(figures.longestStallMs)} ms`,
    ]),
  );
}

function whole(count: number): string {
  return count.toLocaleString('en-US');
}

function seconds(ms: number): string {
  return ms === 0 ? '' : `${(ms / 1_000).toFixed(1)} s`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share > 0 && share < 0.01 ? 2 : 1)} %`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
