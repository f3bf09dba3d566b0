import type { Scope } from '../support/cleanup.ts';
import { connectWs, type WsClient } from '../support/ws-client.ts';

export interface TrackedFrame {
  readonly event?: string;
  readonly mid: number;
  readonly resumed?: boolean;
  readonly msg: unknown;
}

/** A tracked client that keeps its cursor over its connections, as docs/protocol.md tells it to. */
export class Follower {
  readonly #scope: Scope;
  readonly #listen: string;
  cursor: number | undefined;
  /** The messages that it has handled, in their order. */
  readonly handled: TrackedFrame[] = [];
  /** Whether each welcome said that nothing is missing. */
  readonly resumed: boolean[] = [];
  client: WsClient | undefined;
  #read = 0;

  /** `listen`: the URL with uid and types, without a cursor. */
  constructor(scope: Scope, listen: string) {
    this.#scope = scope;
    this.#listen = listen;
  }

  async connect(): Promise<WsClient> {
    this.#read = 0;
    this.client = await connectWs(this.#scope, `${this.#listen}&mid=${this.cursor ?? ''}`);
    return this.client;
  }

  /** Handles what has come. */
  read(): void {
    const { frames = [] } = this.client ?? {};
    for (; this.#read < frames.length; this.#read += 1) this.#handle(frames[this.#read] as TrackedFrame);
  }

  /** The line is cut; what has not been handled by now never is. */
  drop(): void {
    this.client?.terminate();
    this.client = undefined;
  }

  /** Reads until it has handled a message that `matches`. */
  async until(matches: (frame: TrackedFrame) => boolean): Promise<void> {
    await this.client?.until((frame) => matches(frame as TrackedFrame), 'the last message');
    this.read();
  }

  get msgs(): unknown[] {
    return this.handled.map(({ msg }) => msg);
  }

  #handle(frame: TrackedFrame): void {
    const { event, mid, resumed } = frame;
    if (event === 'welcome') {
      this.resumed.push(resumed === true);
      if (this.cursor === undefined || (resumed === false && mid < this.cursor)) this.cursor = mid;
      return;
    }
    if (mid <= (this.cursor ?? 0)) return;
    this.cursor = mid;
    this.handled.push(frame);
  }
}
