import type { Entry } from '../journal/journal.ts';
import type { Mode } from './connection.ts';
import { plainFrame, trackedFrame } from './frame.ts';

/** An entry on its way to sockets: each form is encoded when it is first wanted, and then shared. */
export class Outgoing {
  readonly entry: Entry;
  /** Where its receipt is counted. */
  readonly receipt: number;
  #plain: Buffer | null = null;
  #tracked: Buffer | null = null;

  constructor(entry: Entry, receipt: number) {
    this.entry = entry;
    this.receipt = receipt;
  }

  frame(mode: Mode): Buffer {
    if (mode === 'plain') return (this.#plain ??= plainFrame(this.entry));
    return (this.#tracked ??= trackedFrame(this.entry));
  }
}

/** The frames of all of them in one Buffer; not copied when there is only one. */
export function joinFrames(outgoing: readonly Outgoing[], mode: Mode): Buffer {
  const [only] = outgoing;
  if (outgoing.length === 1 && only !== undefined) return only.frame(mode);
  return Buffer.concat(outgoing.map((one) => one.frame(mode)));
}
