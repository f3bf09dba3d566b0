import type { Health } from '../journal/journal.ts';
import type { QueueGuarantees } from '../queue/queue.ts';

export interface StartUp {
  readonly version: string;
  readonly url: string;
  readonly adminUrl: string;
  /** How many processes take posts and listeners. */
  readonly workers: number;
  /** The queue without its password, such as `redis/localhost:6379`. */
  readonly queue: string;
  /** Where the list queue keeps what it accepts. */
  readonly dataDir: string | null;
  readonly guarantees: QueueGuarantees;
  readonly readiness: Health;
}

/** What a person at a terminal reads first: where to post, to listen and to look, and what is not kept. */
export function startUpLines({
  version,
  url,
  adminUrl,
  workers,
  queue,
  dataDir,
  guarantees,
  readiness,
}: StartUp): string {
  const kept = guarantees.survivesProcess
    ? `what is accepted is kept in ${dataDir ?? 'Redis'}`
    : 'volatile: what is accepted is gone when this process stops';
  const lines = [
    `Tidings ${version} serves.`,
    '',
    `  Post    ${url}/send`,
    `  Listen  ${url.replace('http', 'ws')}/ws?uid=1&types=notice`,
    `  Demo    ${url}/demo/`,
    `  Admin   ${adminUrl}/stats`,
    ...(workers === 1 ? [] : [`  Workers ${workers} processes share the port`]),
    `  Queue   ${queue} (${kept})`,
    ...(readiness.ok ? [] : [`          not ready: ${readiness.reason} Posts are answered 503 until it is.`]),
    '',
    `  Try     curl -H 'Content-Type: application/json' -d '{"topic":"all","msg":"hello"}' ${url}/send`,
    '',
  ];
  return lines.join('\n');
}
