import type { Entry } from '../journal/journal.ts';
import { packedSizeBound, packEntry } from '../journal/packed-record.ts';
import { batchHeaderBytes, headerBytes, type LinkOutlet } from './link-frames.ts';

/** Frames of one turn go into a buffer of this size, unless they need more. */
const bufferBytes = 64 * 1024;

/**
 * What may rest goes at the latest so long after the write before it, in milliseconds: many posts then share what a write costs at both
 * ends, which is far more than the posts themselves (the other process is woken, and has to find its memory again). After a quiet
 * time nothing waits.
 */
export const restMs = 4;

/** So many frames, or bytes, are worth a write of their own. */
export const enoughFrames = 8;
export const enoughBytes = 16 * 1024;

/** What comes within this time after a write, in milliseconds, is one of many: they go together. */
const togetherMs = 0.1;

/** Below this room a buffer is not used for another turn. */
const leastRoomBytes = 1024;

export interface LinkWriterEvents {
  /** Something is about to be written, to which this may add. `isRested`: what is written has waited for more as long as it may. */
  readonly onWrite?: (isRested: boolean) => void;
  /** It was written. `isTaken`: the kernel has all of it; else `onTaken` follows, in the order of the writes. */
  readonly onWritten?: (isTaken: boolean) => void;
  /** The kernel has what was written, or it never will. */
  readonly onTaken?: (error?: Error | null) => void;
}

const nothing = (): void => {};

/** Gathers frames and writes them together: now, at the end of the turn of the event loop, or, of what may rest, as soon as it is enough. */
export class LinkWriter {
  readonly #outlet: LinkOutlet;
  readonly #machineMs: () => number;
  readonly #events: Required<LinkWriterEvents>;
  #buffer = Buffer.allocUnsafeSlow(bufferBytes);
  /** What was gathered is between the two; a frame begins at `#frame`. */
  #from = 0;
  #at = 0;
  #frame = 0;
  #gathered = 0;
  #isScheduled = false;
  #isResting = false;
  #writtenMs = Number.NEGATIVE_INFINITY;
  readonly #onTurn = (): void => this.flush();
  readonly #onRest = (): void => this.#rested();
  /** Frames and writes since the start. */
  frames = 0;
  writes = 0;

  /** `machineMs`: milliseconds of the machine's monotonic clock, which all its processes share. */
  constructor(outlet: LinkOutlet, machineMs: () => number, events: LinkWriterEvents = {}) {
    const { onWrite = nothing, onWritten = nothing, onTaken = nothing } = events;
    this.#outlet = outlet;
    this.#machineMs = machineMs;
    this.#events = { onWrite, onWritten, onTaken };
  }

  /** Bytes that the other end has not taken yet. */
  get waitingBytes(): number {
    return this.#outlet.writableLength + this.#at - this.#from;
  }

  begin(kind: number): this {
    this.#room(batchHeaderBytes + headerBytes);
    if (this.#at === this.#from) this.#at += batchHeaderBytes;
    this.#frame = this.#at;
    this.#buffer[this.#at + 4] = kind;
    this.#at += headerBytes;
    return this;
  }

  byte(value: number): this {
    this.#room(1);
    this.#buffer[this.#at] = value;
    this.#at += 1;
    return this;
  }

  count(value: number): this {
    this.#room(4);
    this.#at = this.#buffer.writeUInt32LE(value, this.#at);
    return this;
  }

  number(value: number): this {
    this.#room(8);
    this.#at = this.#buffer.writeDoubleLE(value, this.#at);
    return this;
  }

  text(value: string): this {
    const bytes = 3 * value.length;
    this.#room(4 + bytes);
    const written = this.#buffer.write(value, this.#at + 4);
    this.#buffer.writeUInt32LE(written, this.#at);
    this.#at += 4 + written;
    return this;
  }

  /** With its length before it. O(length of the message). */
  entry(entry: Entry): this {
    this.#room(4 + packedSizeBound(entry.message));
    const start = this.#at + 4;
    const end = packEntry(this.#buffer, start, entry, noSlot);
    this.#buffer.writeUInt32LE(end - start, this.#at);
    this.#at = end;
    return this;
  }

  /** The frame goes at the end of this turn, with all that rests. */
  end(): void {
    this.#close();
    this.#schedule();
  }

  /** The frame may rest: nobody waits for it yet, or others are expected who will share its write. */
  endSoon(): void {
    this.#close();
    if (this.#isScheduled) return;
    const leftMs = this.#writtenMs + restMs - this.#machineMs();
    if (leftMs <= 0 || this.#gathered >= enoughFrames || this.#at - this.#from >= enoughBytes) this.#schedule();
    else this.#rest(leftMs);
  }

  /** The frame goes at once with all that rests, or at the end of this turn where others come right after each other. True: at once. */
  endNow(): boolean {
    this.#close();
    if (this.#isScheduled || this.#machineMs() - this.#writtenMs < togetherMs) this.#schedule();
    else this.flush();
    return this.#gathered === 0;
  }

  /** What rests goes at the end of this turn. */
  hurry(): void {
    if (this.#gathered > 0) this.#schedule();
  }

  /** Writes what was gathered now instead of at the end of the turn. */
  flush(isRested = false): void {
    this.#isScheduled = true;
    if (this.#at > this.#from) this.#events.onWrite(isRested);
    this.#isScheduled = false;
    this.#gathered = 0;
    if (this.#at === this.#from) return;
    this.#writtenMs = this.#machineMs();
    this.#buffer.writeUInt32LE(this.#at - this.#from - batchHeaderBytes, this.#from);
    this.#buffer.writeDoubleLE(this.#writtenMs, this.#from + 4);
    const isTaken = this.#write(this.#buffer.subarray(this.#from, this.#at));
    this.writes += 1;
    this.#from = this.#at;
    this.#events.onWritten(isTaken);
    if (this.#buffer.length - this.#at >= leastRoomBytes && this.#buffer.length === bufferBytes) return;
    this.#buffer = Buffer.allocUnsafeSlow(bufferBytes);
    this.#from = this.#at = 0;
  }

  /** True: the kernel has all of it. */
  #write(bytes: Buffer): boolean {
    const taken = this.#outlet.writeNow?.(bytes) ?? 0;
    if (taken === bytes.length) return true;
    this.#outlet.write(taken === 0 ? bytes : bytes.subarray(taken), this.#events.onTaken);
    return false;
  }

  #close(): void {
    this.#buffer.writeUInt32LE(this.#at - this.#frame - headerBytes, this.#frame);
    this.frames += 1;
    this.#gathered += 1;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#onTurn);
  }

  #rest(leftMs: number): void {
    if (this.#isResting) return;
    this.#isResting = true;
    setTimeout(this.#onRest, Math.ceil(leftMs));
  }

  /** A write meanwhile may have made the rest longer. */
  #rested(): void {
    this.#isResting = false;
    if (this.#gathered === 0 || this.#isScheduled) return;
    const leftMs = this.#writtenMs + restMs - this.#machineMs();
    if (leftMs > 0) this.#rest(leftMs);
    else this.flush(true);
  }

  #room(bytes: number): void {
    if (this.#buffer.length - this.#at >= bytes) return;
    const used = this.#at - this.#from;
    const larger = Buffer.allocUnsafeSlow(Math.max(bufferBytes, 2 * (used + bytes)));
    this.#buffer.copy(larger, 0, this.#from, this.#at);
    this.#buffer = larger;
    this.#frame -= this.#from;
    this.#at = used;
    this.#from = 0;
  }
}

function noSlot(): number {
  return -1;
}
