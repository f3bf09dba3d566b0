import type { Connection } from '../hub/connection.ts';
import type { Hub } from '../hub/hub.ts';
import type { Counters } from '../ops/counters.ts';
import { closeCodes } from '../wire/close-codes.ts';
import { readTypes } from './listen-query.ts';
import type { Renewals } from './renewals.ts';

export interface ClientFrameDeps {
  readonly hub: Hub;
  readonly counters: Counters;
  readonly monotonicMs: () => number;
  /** The newest mid that a client of this instance can have. */
  readonly head: () => number;
  /** Told the newest mid that a client says it has handled. */
  readonly acknowledge: (uid: string, mid: number) => void;
  readonly renewals: Pick<Renewals, 'begin'>;
}

export interface ClientFrameOptions {
  /** The most frames of any kind that a client may send in one second. */
  readonly maxClientFrames: number;
  /** The most bytes of a frame, but for one with a token, which may be as large as a token may. */
  readonly maxClientFrameBytes: number;
}

/** Reads what clients send: new types, an acknowledged cursor, a token; counts the rest, and closes those that flood. */
export class ClientFrames {
  readonly #deps: ClientFrameDeps;
  readonly #maxClientFrames: number;
  readonly #maxClientFrameBytes: number;

  constructor(deps: ClientFrameDeps, { maxClientFrames, maxClientFrameBytes }: ClientFrameOptions) {
    this.#deps = deps;
    this.#maxClientFrames = maxClientFrames;
    this.#maxClientFrameBytes = maxClientFrameBytes;
  }

  /** Notes that a frame came. False: it is one too many, or the connection is closing, and must not be read. */
  admit(connection: Connection): boolean {
    if (!connection.isOpen) return false;
    connection.isHeard = true;
    const second = Math.floor(this.#deps.monotonicMs() / 1000);
    if (connection.frameSecond !== second) {
      connection.frameSecond = second;
      connection.frameCount = 0;
    }
    connection.frameCount += 1;
    if (connection.frameCount <= this.#maxClientFrames) return true;
    this.#deps.counters.floods += 1;
    connection.door.close(closeCodes.policyViolation, 'too many frames');
    return false;
  }

  /** Reads a text frame that was admitted. Never throws. */
  read(connection: Connection, bytes: Buffer): void {
    const { hub, counters, renewals } = this.#deps;
    const frame = parse(bytes.toString());
    if (typeof frame === 'object' && frame !== null) {
      if ('token' in frame && typeof frame.token === 'string' && renewals.begin(connection, frame.token)) {
        counters.clientFrames += 1;
        return;
      }
      if (bytes.length > this.#maxClientFrameBytes) return this.#refuseLarge(connection);
      const types = 'types' in frame ? readTypes(frame.types, connection.grant?.types ?? null) : undefined;
      if (types !== undefined) {
        counters.clientFrames += 1;
        hub.setTypes(connection, types);
        return;
      }
      if ('ack' in frame && this.#isCursor(frame.ack)) {
        counters.clientFrames += 1;
        this.#deps.acknowledge(connection.uid, frame.ack);
        return;
      }
    }
    if (bytes.length > this.#maxClientFrameBytes) this.#refuseLarge(connection);
    else counters.ignoredFrames += 1;
  }

  #refuseLarge(connection: Connection): void {
    this.#deps.counters.protocolErrors += 1;
    connection.door.close(closeCodes.messageTooBig, 'the frame is too large');
  }

  /** Nobody has handled what was not sent yet. */
  #isCursor(ack: unknown): ack is number {
    return Number.isSafeInteger(ack) && Number(ack) > 0 && Number(ack) <= this.#deps.head();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
