import type { Machine } from '../../bench/machine.ts';
import type { HaResult } from './run-scenario.ts';

/** All that one invocation found. */
export interface HaReport {
  readonly machine: Machine;
  readonly results: readonly HaResult[];
}

/** The report as a page: the tables that docs/ha.md quotes, then the machine and what happened when. */
export function toMarkdown({ machine, results }: HaReport): string {
  const parts = [
    `# Failures of a pair, ${machine.date.slice(0, 16).replace('T', ' ')} UTC`,
    haTable(results),
    'Lost and repeated: accepted messages, counted once for each listener. Untold: of the lost ones, those whose listener was not told by `resumed:false` or a gap. Refused: posts whose one attempt was not answered 202; those with a key are counted in brackets; the share is of the posts of the 10 s after the event.',
    haTimes(results),
    'Silence: of a listener, from the loss of its socket (or the kill or freeze of its instance) to its welcome. Busiest second: the share of listeners that came back within it. All back: from the event to the last welcome. p99: of `/send`, from the event until all were back, or for 5 s. Stall: for how long at most the measuring processes did not get their turn.',
    '## Machine',
    `- ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, ${machine.kernel}\n- Node ${machine.node}, Redis ${machine.redis}; clients, nginx, Redis and both instances share the machine`,
    '## What happened when',
    ...results.map(({ scenario, log, failure }) =>
      [`### ${scenario}`, '```', ...log, ...(failure === '' ? [] : [failure]), '```'].join('\n'),
    ),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** What was lost and refused, by event. */
function haTable(results: readonly HaResult[]): string {
  return table(
    [
      'event',
      'listeners',
      'posts/s',
      'accepted',
      'delivered',
      'lost',
      'untold',
      'repeated',
      'refused',
      'share',
      'result',
    ],
    results.map(({ event, postsPerSecond, failure, figures }) => [
      event,
      String(figures.listeners),
      String(postsPerSecond),
      String(figures.accepted),
      String(figures.delivered),
      `**${figures.lost}**`,
      String(figures.untold),
      String(figures.repeated),
      `${figures.refused} (${figures.refusedWithKey})`,
      percent(figures.refusedShare),
      failure === '' ? 'held' : 'BROKEN',
    ]),
  );
}

/** How long it took, by event. */
function haTimes(results: readonly HaResult[]): string {
  return table(
    [
      'event',
      'reconnects',
      'longest silence',
      'busiest second',
      'all back',
      'p99 of /send',
      'left on the backup',
      'stall',
    ],
    results.map(({ event, figures }) => [
      event,
      String(figures.reconnects),
      seconds(figures.longestSilenceMs),
      percent(figures.busiestSecondShare),
      seconds(figures.allBackMs),
      `${Math.round(figures.sendP99Ms)} ms`,
      figures.leftOnBackup < 0 ? '' : String(figures.leftOnBackup),
      `${figures.longestStallMs} ms`,
    ]),
  );
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
