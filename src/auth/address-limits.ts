import RateLimiterMemory from 'rate-limiter-flexible/lib/RateLimiterMemory.js';
import type { Counters } from '../ops/counters.ts';
import { addressKey, isLoopbackAddress } from './client-address.ts';
import type { Refused } from './listener-auth.ts';
import { Seldom } from './seldom.ts';

export interface AddressLimitDeps {
  readonly counters: Pick<Counters, 'overAddressConnections' | 'overAddressHandshakes'>;
  /** Warns: fields, and a sentence. */
  readonly warn: (fields: object, text: string) => void;
  readonly monotonicMs: () => number;
}

/** 0: no limit. */
export interface AddressLimitOptions {
  readonly maxConnectionsPerAddress: number;
  readonly maxHandshakesPerAddress: number;
}

/** A connection that may hold a place of its address; a `net.Socket` is one. */
export interface Peer {
  readonly destroyed: boolean;
  readonly remoteAddress?: string | undefined;
  once(event: 'close', listener: (this: Peer) => void): unknown;
}

/** The connections of one address: one object for all of them. */
interface Places {
  readonly key: string;
  readonly all: Map<string, Places>;
  taken: number;
}

/** Where a connection has its place: no closure is kept for each. */
const held = Symbol('held');
type Holder = Peer & { [held]: Places };

/** A line in the log at most so often. */
const logEveryMs = 10_000;

/** The latest that somebody who came too often is asked to come back. */
const latestSeconds = 30;

const duration = 1;

/**
 * How many connections one address may have, and how often it may come. This machine itself is not limited: what has no trusted proxy in
 * front of it would be one address here.
 */
export class AddressLimits {
  readonly #deps: AddressLimitDeps;
  readonly #options: AddressLimitOptions;
  readonly #rate: RateLimiterMemory;
  readonly #places = new Map<string, Places>();
  readonly #seldom = new Seldom(logEveryMs);

  constructor(deps: AddressLimitDeps, options: AddressLimitOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#rate = new RateLimiterMemory({ points: options.maxHandshakesPerAddress, duration });
  }

  /** How many addresses hold connections. */
  get size(): number {
    return this.#places.size;
  }

  /** Undefined: it may go on, and its place is free again when it closes, whatever becomes of it before. */
  admit(peer: Peer, address: string): Refused | undefined | Promise<Refused | undefined> {
    if (isLoopbackAddress(address)) return undefined;
    const key = addressKey(address);
    const { maxHandshakesPerAddress: most } = this.#options;
    if (most === 0) return this.#take(peer, key);
    return this.#rate.consume(key).then(
      () => this.#take(peer, key),
      (spent: unknown) => {
        if (spent instanceof Error) throw spent;
        const { consumedPoints } = spent as { readonly consumedPoints: number };
        return this.#tooOften(key, Math.ceil((consumedPoints - most) / most));
      },
    );
  }

  #take(peer: Peer, key: string): Refused | undefined {
    const { maxConnectionsPerAddress: most } = this.#options;
    if (most === 0 || peer.destroyed) return undefined;
    let places = this.#places.get(key);
    if (places !== undefined && places.taken >= most) return this.#full(key);
    if (places === undefined) this.#places.set(key, (places = { key, all: this.#places, taken: 0 }));
    places.taken += 1;
    (peer as Holder)[held] = places;
    peer.once('close', leave);
    return undefined;
  }

  #full(key: string): Refused {
    const most = this.#options.maxConnectionsPerAddress;
    this.#deps.counters.overAddressConnections += 1;
    this.#tell('max-connections-per-address', key);
    const message = `Your address holds ${most} connections, as many as --max-connections-per-address allows.`;
    return { ok: false, code: 'address_connections_exceeded', message };
  }

  /** As many are asked back to each second as will be taken then. */
  #tooOften(key: string, afterSeconds: number): Refused {
    const most = this.#options.maxHandshakesPerAddress;
    this.#deps.counters.overAddressHandshakes += 1;
    this.#tell('max-handshakes-per-address', key);
    const message = `Your address has asked for more than ${most} connections in a second (--max-handshakes-per-address).`;
    return { ok: false, code: 'rate_exceeded', message, retryAfterSeconds: Math.min(afterSeconds, latestSeconds) };
  }

  #tell(limit: string, address: string): void {
    const refused = this.#seldom.count(this.#deps.monotonicMs());
    if (refused === 0) return;
    this.#deps.warn(
      { event: 'address.refused', limit, address, refused },
      `more listeners of one address than ${limit}`,
    );
  }
}

function leave(this: Peer): void {
  const places = (this as Holder)[held];
  places.taken -= 1;
  if (places.taken === 0) places.all.delete(places.key);
}
