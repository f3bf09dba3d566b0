import type { Health } from '../journal/journal.ts';
import type { QueueGuarantees } from '../queue/queue.ts';

export interface StartUp {
  readonly version: string;
  readonly url: string;
  readonly adminUrl: string;
  /** What somebody has to show at each door; null: nothing. */
  readonly doors: { readonly send: string | null; readonly listen: string | null; readonly admin: string | null };
  /** Where the doors are. */
  readonly host: string;
  readonly adminHost: string;
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
  doors,
  host,
  adminHost,
  workers,
  queue,
  dataDir,
  guarantees,
  readiness,
}: StartUp): string {
  const kept = guarantees.survivesProcess
    ? `what is accepted is kept in ${dataDir ?? 'Redis'}`
    : 'volatile: what is accepted is gone when this process stops';
  const mayCome = (shown: string | null, at: string): string =>
    shown === null ? `open to whoever reaches ${at}` : `with ${shown} only`;
  const who = doors.listen === null ? 'uid=1' : 'token=TOKEN';
  const key = doors.send === null ? '' : '-H "Authorization: Bearer $KEY" ';
  const lines = [
    `Tidings ${version} serves.`,
    '',
    `  Post    ${url}/send`,
    `  Listen  ${url.replace('http', 'ws')}/ws?${who}&types=notice`,
    `  Demo    ${url}/demo/`,
    `  Admin   ${adminUrl}/stats`,
    ...(workers === 1 ? [] : [`  Workers ${workers} processes share the port`]),
    `  Queue   ${queue} (${kept})`,
    ...(readiness.ok ? [] : [`          not ready: ${readiness.reason} Posts are answered 503 until it is.`]),
    `  Doors   posting: ${mayCome(doors.send, host)}`,
    `          listening: ${mayCome(doors.listen, host)}`,
    `          admin: ${mayCome(doors.admin, adminHost)}`,
    '',
    `  Try     curl ${key}-H 'Content-Type: application/json' -d '{"topic":"all","msg":"hello"}' ${url}/send`,
    '',
  ];
  return lines.join('\n');
}
