/** The listener of the server that an input goes to. */
export type Door = 'public' | 'admin';

/** A whole request whose end anybody can tell: it goes out on a kept connection, and has to be answered, whatever it holds. */
export interface RequestInput {
  readonly kind: 'request';
  readonly door: Door;
  readonly method: string;
  readonly bytes: Buffer;
  /** Where the bytes are cut into packets. */
  readonly cuts: readonly number[];
}

/** Bytes of whatever kind on a connection of their own, whose sending side ends then. The server has to end it as well. */
export interface BytesInput {
  readonly kind: 'bytes';
  readonly door: Door;
  readonly bytes: Buffer;
  readonly cuts: readonly number[];
}

/** An upgrade, and what a client sends when it is let in. */
export interface ListenerInput {
  readonly kind: 'listener';
  readonly handshake: Buffer;
  readonly frames: readonly Buffer[];
  /** Everything in one packet: the frames come before the answer to the upgrade. */
  readonly isAtOnce: boolean;
  readonly ending: 'goodbye' | 'end' | 'reset';
}

export type Input = RequestInput | BytesInput | ListenerInput;

/** How many inputs it counts as: each request, each stream of bytes, each handshake and each frame is one. */
export function weightOf(input: Input): number {
  return input.kind === 'listener' ? 1 + input.frames.length : 1;
}

/** Everything that is sent, with control bytes as escapes, for a person who wants to know what broke the server. */
export function describeInput(input: Input): string {
  if (input.kind === 'listener') {
    const frames = input.frames.map((frame) => frame.toString('hex', 0, 200)).join(' ');
    return `listener (${input.ending}${input.isAtOnce ? ', at once' : ''}) ${escaped(input.handshake)} frames: ${frames}`;
  }
  const cuts = input.cuts.length === 0 ? '' : `, cut at ${input.cuts.join(' ')}`;
  return `${input.kind} to ${input.door}${cuts} ${escaped(input.bytes)}`;
}

const mostShownBytes = 2_000;

function escaped(bytes: Buffer): string {
  const text = JSON.stringify(bytes.subarray(0, mostShownBytes).toString('latin1'));
  return bytes.length > mostShownBytes ? `${text} … (${bytes.length} bytes)` : text;
}
