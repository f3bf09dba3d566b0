import type { ClientEvent, History } from './history.ts';

/** Each is a promise that was broken; what they mean stands beside the check that finds them. */
export type ViolationKind =
  | 'lost'
  | 'repeat'
  | 'order'
  | 'late'
  | 'wrong-uid'
  | 'wrong-type'
  | 'stranger'
  | 'gap'
  | 'two-mids'
  | 'one-mid-two-messages'
  | 'wrong-id'
  | 'post-order'
  | 'impostor'
  | 'answer'
  | 'hang'
  | 'closed'
  | 'never-connected';

export interface Violation {
  readonly kind: ViolationKind;
  readonly text: string;
  /** The client that it concerns; -1: none in particular. */
  readonly client: number;
  /** The post; -1: none in particular. */
  readonly seq: number;
  /** About when, to show what happened near it. */
  readonly atMs: number;
}

const SHOWN = 5;
const NEAR_EVENTS = 12;
const NEAR_MS = 5_000;

/** Violations for a person: counts by kind, then the first few with their client's history and the faults near them. */
export function describeViolations(violations: readonly Violation[], history: History): string {
  const counts = new Map<string, number>();
  for (const { kind } of violations) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const lines = [`broken: ${[...counts].map(([kind, count]) => `${kind} ${count}`).join(', ')}`];
  const shown = new Map<string, number>();
  for (const violation of violations) {
    const before = shown.get(violation.kind) ?? 0;
    shown.set(violation.kind, before + 1);
    if (before < SHOWN) lines.push('', ...describe(violation, history));
  }
  return lines.join('\n');
}

function describe(violation: Violation, history: History): string[] {
  const { kind, text, seq, client, atMs } = violation;
  const startMs = history.posts[0]?.startedMs ?? atMs;
  const when = (ms: number): string => `${((ms - startMs) / 1_000).toFixed(3)} s`;
  const lines = [`${kind} at ${when(atMs)}: ${text}`];
  const { id } = history.posts[seq] ?? { id: '' };
  for (const post of history.posts.filter((one) => one.seq === seq || (id !== '' && one.id === id))) {
    const to = post.uids === null ? 'all' : post.uids.join(',');
    const end = post.expiresAtMs === 0 ? 'never expires' : `expires ${when(post.expiresAtMs)}`;
    const accepted = post.acceptedMs === 0 ? 'no 202' : `202 at ${when(post.acceptedMs)}`;
    lines.push(
      `  post ${post.seq} id ${post.id} to ${to} type ${post.type}: sent ${when(post.startedMs)}, ${accepted}, ${end}`,
    );
    for (const attempt of history.attempts.filter(({ seqs }) => seqs.includes(post.seq))) {
      const { slot, startedMs, endedMs, status, error } = attempt;
      lines.push(`    attempt on ${slot}: ${when(startedMs)} to ${when(endedMs)}: ${status === 0 ? error : status}`);
    }
  }
  const listener = history.clients[client];
  if (listener !== undefined) {
    lines.push(`  client ${client} uid ${listener.uid} types ${listener.types.join(',')}:`);
    lines.push(...near([...listener.events()], atMs).map((event) => `    ${when(event.atMs)} ${show(event)}`));
  }
  const faults = history.faults.filter((f) => f.startedMs - NEAR_MS < atMs && f.endedMs + NEAR_MS > atMs);
  lines.push(...faults.map((f) => `  fault ${f.kind} ${f.target}: ${when(f.startedMs)} to ${when(f.endedMs)}`));
  return lines;
}

function near(events: readonly ClientEvent[], atMs: number): ClientEvent[] {
  const found = events.findIndex((event) => event.atMs >= atMs);
  const middle = found < 0 ? events.length : found;
  return events.slice(Math.max(0, middle - NEAR_EVENTS), middle + NEAR_EVENTS);
}

function show({ kind, mid, value }: ClientEvent): string {
  switch (kind) {
    case 'connect':
      return `connects to ${value} from ${mid < 0 ? 'nothing' : mid}`;
    case 'welcome':
      return `welcome ${mid} resumed ${value === 1}`;
    case 'frame':
      return `frame ${mid} post ${value}`;
    case 'gap':
      return `gap ${value} to ${mid}`;
    case 'close':
      return `close ${value}`;
    case 'pause':
    case 'resume':
      return kind;
  }
}
