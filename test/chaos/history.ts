/**
 * All that was posted, done to the servers and received, as it happened: what the checker judges. Instants are Unix
 * milliseconds of the driver's clock, which no fault touches.
 */

/** One envelope that was posted, at least once. */
export interface Post {
  /** Its place in `History.posts`, which its `msg` carries. */
  readonly seq: number;
  /** Who posted it; a poster waits for an answer before its next request. */
  readonly poster: number;
  /** Null: all. */
  readonly uids: readonly string[] | null;
  readonly type: string;
  /** 0: never. */
  readonly expiresAtMs: number;
  /** When its first attempt went out. */
  readonly startedMs: number;
  /** When the first 202 for it came in; 0: none did. */
  acceptedMs: number;
  /** The id that a 202 gave, or the caller's own; empty: none is known. */
  id: string;
  /** Another body under the id of an accepted post: it has to be refused. */
  readonly isImpostor: boolean;
}

/** One POST: several for a post that is repeated. */
export interface Attempt {
  readonly seqs: readonly number[];
  readonly slot: number;
  readonly startedMs: number;
  readonly endedMs: number;
  /** The HTTP status; 0: no answer. */
  readonly status: number;
  readonly ids: readonly string[];
  readonly error: string;
}

/** Something that was done to the servers or the clients. */
export interface Fault {
  readonly kind: string;
  /** What it was done to, for the log. */
  readonly target: string;
  /** The instance that was killed or paused; -1: none, or all. */
  readonly slot: number;
  readonly startedMs: number;
  /** When everything runs again; Infinity until then. */
  endedMs: number;
}

/** The process of an instance ended: what it alone knew is gone. */
export function endsProcess({ kind }: Fault): boolean {
  return /^(kill|stop|drain)-(instance|all)$/.test(kind);
}

export type EventKind = 'connect' | 'welcome' | 'frame' | 'gap' | 'close' | 'pause' | 'resume';

/**
 * One event of a client. `mid`: of a connect the cursor it asked from (-1: a newcomer), of a welcome, frame or gap the
 * server's. `value`: of a connect the slot, of a welcome 1 for `resumed`, of a frame the seq (-1: a stranger), of a gap its
 * `after`, of a close its code.
 */
export interface ClientEvent {
  readonly kind: EventKind;
  readonly atMs: number;
  readonly mid: number;
  readonly value: number;
}

/** What one client did and received. In columns: a long run has millions of events. */
export class ClientHistory {
  readonly index: number;
  readonly uid: string;
  readonly types: readonly string[];
  readonly #kinds: EventKind[] = [];
  readonly #times: number[] = [];
  readonly #mids: number[] = [];
  readonly #values: number[] = [];

  constructor(index: number, uid: string, types: readonly string[]) {
    this.index = index;
    this.uid = uid;
    this.types = types;
  }

  get length(): number {
    return this.#kinds.length;
  }

  add(kind: EventKind, atMs: number, mid = 0, value = 0): void {
    this.#kinds.push(kind);
    this.#times.push(atMs);
    this.#mids.push(mid);
    this.#values.push(value);
  }

  at(index: number): ClientEvent {
    const kind = this.#kinds[index];
    if (kind === undefined) throw new RangeError(`no event ${index}`);
    return { kind, atMs: this.#times[index] ?? 0, mid: this.#mids[index] ?? 0, value: this.#values[index] ?? 0 };
  }

  *events(): Generator<ClientEvent> {
    for (let index = 0; index < this.length; index += 1) yield this.at(index);
  }
}

/** The driver itself did nothing for so long, up to this instant: what arrived meanwhile is recorded late. */
export interface Stall {
  readonly endedMs: number;
  readonly lengthMs: number;
}

/** The record of a run; it only grows. */
export class History {
  /** Stands in every `msg`, so that another run's messages are known as strangers. */
  readonly tag: string;
  readonly posts: Post[] = [];
  readonly attempts: Attempt[] = [];
  readonly clients: ClientHistory[] = [];
  readonly faults: Fault[] = [];
  readonly stalls: Stall[] = [];
  /** Frames that nobody posted, as they came: `client: text`. */
  readonly strangers: string[] = [];
  /** The id under which each seq arrived first, and every arrival under another one. */
  readonly #idsSeen: string[] = [];
  readonly otherIds: { readonly seq: number; readonly id: string }[] = [];

  constructor(tag: string) {
    this.tag = tag;
  }

  addPost(parts: Omit<Post, 'seq' | 'acceptedMs'>): Post {
    const post: Post = { ...parts, seq: this.posts.length, acceptedMs: 0 };
    this.posts.push(post);
    return post;
  }

  addClient(uid: string, types: readonly string[]): ClientHistory {
    const client = new ClientHistory(this.clients.length, uid, types);
    this.clients.push(client);
    return client;
  }

  beginFault(kind: string, target: string, slot: number, startedMs: number): Fault {
    const fault: Fault = { kind, target, slot, startedMs, endedMs: Infinity };
    this.faults.push(fault);
    return fault;
  }

  /** What `msg` has to be, so that a frame tells which post it is. */
  text(seq: number, padding: number): string {
    return `${this.tag}:${seq}:${'.'.repeat(padding)}`;
  }

  /** The post that a frame's `msg` belongs to; -1: none of this run. */
  seqOf(msg: unknown): number {
    if (typeof msg !== 'string' || !msg.startsWith(`${this.tag}:`)) return -1;
    const seq = Number.parseInt(msg.slice(this.tag.length + 1, this.tag.length + 12), 10);
    return seq >= 0 && seq < this.posts.length ? seq : -1;
  }

  addFrame(client: ClientHistory, atMs: number, mid: number, seq: number, id: string): void {
    client.add('frame', atMs, mid, seq);
    if (seq < 0) return;
    this.#idsSeen[seq] ??= id;
    if (this.#idsSeen[seq] !== id) this.otherIds.push({ seq, id });
  }

  idSeen(seq: number): string | undefined {
    return this.#idsSeen[seq];
  }
}
