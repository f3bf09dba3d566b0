import type { EventKind } from '../chaos/history.ts';

/** Kinds of events as they cross from the listeners' process to the driver's: by their place in this list. */
export const eventKinds: readonly EventKind[] = ['connect', 'welcome', 'frame', 'gap', 'close'];

/** Events of many listeners in columns, in the order in which they happened. What `mid` and `value` mean: chaos/history.ts. */
export interface LogColumns {
  readonly listeners: Uint32Array;
  readonly kinds: Uint8Array;
  readonly times: Float64Array;
  readonly mids: Float64Array;
  readonly values: Float64Array;
  /** The id under which each post arrived first, by its seq, and every arrival under another one. */
  readonly ids: ReadonlyMap<number, string>;
  readonly otherIds: readonly { readonly seq: number; readonly id: string }[];
  /** Frames that carry no post of this run: `listener: text`. */
  readonly strangers: readonly string[];
}

/** What all listeners of a process did and received. It only grows; about 40 bytes an event. */
export class ListenerLog {
  readonly #tag: string;
  readonly #listeners: number[] = [];
  readonly #kinds: number[] = [];
  readonly #times: number[] = [];
  readonly #mids: number[] = [];
  readonly #values: number[] = [];
  readonly #ids = new Map<number, string>();
  readonly #otherIds: { seq: number; id: string }[] = [];
  readonly #strangers: string[] = [];

  /** `tag` stands at the begin of the `msg` of every post of this run. */
  constructor(tag: string) {
    this.#tag = `${tag}:`;
  }

  add(listener: number, kind: EventKind, mid = 0, value = 0): void {
    this.#listeners.push(listener);
    this.#kinds.push(eventKinds.indexOf(kind));
    this.#times.push(Date.now());
    this.#mids.push(mid);
    this.#values.push(value);
  }

  /** Gives the seq of the post that the frame carries; -1: a stranger. */
  addFrame(listener: number, mid: number, msg: unknown, id: string, text: string): number {
    const isOurs = typeof msg === 'string' && msg.startsWith(this.#tag);
    const seq = isOurs ? Number.parseInt(msg.slice(this.#tag.length), 10) : -1;
    this.add(listener, 'frame', mid, seq);
    if (seq < 0) this.#strangers.push(`${listener}: ${text.slice(0, 300)}`);
    else {
      const known = this.#ids.get(seq);
      if (known === undefined) this.#ids.set(seq, id);
      else if (known !== id) this.#otherIds.push({ seq, id });
    }
    return seq;
  }

  columns(): LogColumns {
    return {
      listeners: Uint32Array.from(this.#listeners),
      kinds: Uint8Array.from(this.#kinds),
      times: Float64Array.from(this.#times),
      mids: Float64Array.from(this.#mids),
      values: Float64Array.from(this.#values),
      ids: this.#ids,
      otherIds: this.#otherIds,
      strangers: this.#strangers,
    };
  }
}
