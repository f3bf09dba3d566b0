import type { Machine } from '../../bench/machine.ts';
import type { RunResult } from './summary.ts';

/** All that one invocation found. */
export interface ChaosReport {
  readonly machine: Machine;
  readonly runs: readonly RunResult[];
}

/** The report as a page: figures that docs can quote, then what each run has to hold, then the machine. */
export function toMarkdown({ machine, runs }: ChaosReport): string {
  const parts = [
    `# Chaos of ${machine.date.slice(0, 16).replace('T', ' ')} UTC`,
    table(
      ['scenario', 'set-up', 'time', 'accepted', 'delivered', 'lost', 'gaps', 'result', 'seed'],
      runs.map((run) => [
        run.scenario,
        run.setup,
        `${(run.seconds / 60).toFixed(1)} min`,
        String(run.accepted),
        String(run.delivered),
        `**${run.lost}**`,
        String(run.gaps),
        run.failure === '' ? 'held' : 'BROKEN',
        String(run.seed),
      ]),
    ),
    'Delivered counts a message once for each client that it is for; lost, too.',
    '## What it took',
    table(
      [
        'scenario',
        'set-up',
        'answered 503',
        'not answered',
        'sent again',
        'reconnects',
        'accepts again',
        'p50 / p99 / longest to a client',
      ],
      runs.map((run) => [
        run.scenario,
        run.setup,
        String(run.refusals),
        String(run.unanswered),
        String(run.repeated),
        String(run.reconnects),
        `${run.acceptsAgainMs} ms`,
        `${run.delayMs.p50} / ${run.delayMs.p99} / ${run.delayMs.max} ms`,
      ]),
    ),
    'Accepts again: the longest from the end of a fault to the 202 of a post that began after it. To a client: from the 202, or from the welcome of the connection that it came on if that was later.',
    '## Faults',
    table(
      ['scenario', 'set-up', 'faults'],
      runs.map((run) => [
        run.scenario,
        run.setup,
        Object.entries(run.faults)
          .map(([kind, count]) => `${kind} ${count}`)
          .join(', '),
      ]),
    ),
    '## Machine and load',
    `- ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, ${machine.kernel}`,
    `- Node ${machine.node}, Redis ${machine.redis}`,
    ...[
      ...new Set(
        runs.map(
          ({ size }) =>
            `- ${size.clients} clients, ${size.requestsPerSecond} posts a second, rounds of ${size.roundMs / 1_000} s`,
        ),
      ),
    ],
    ...runs.filter(({ failure }) => failure !== '').map(({ failure }) => `\`\`\`\n${failure}\n\`\`\``),
  ];
  return `${parts.join('\n\n').replaceAll(/\n\n(?=- )/g, '\n')}\n`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
