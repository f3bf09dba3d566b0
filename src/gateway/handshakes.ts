import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { DoorRule } from '../auth/door-rule.ts';
import type { Entry } from '../auth/entry.ts';
import { grantByWord, type Grant, type ListenerAuth, type Refused } from '../auth/listener-auth.ts';
import type { Watches } from '../cluster/watched.ts';
import type { Hub } from '../hub/hub.ts';
import type { Counters } from '../ops/counters.ts';
import type { ErrorCode } from '../wire/errors.ts';
import type { Admission } from './admission.ts';
import { readListenQuery, type ListenRequest } from './listen-query.ts';
import { refuse, type RefusalOptions } from './refuse.ts';
import { Turns } from './turns.ts';

export interface HandshakeDeps {
  readonly hub: Pick<Hub, 'refusal'>;
  readonly admission: Admission;
  readonly counters: Counters;
  readonly monotonicMs: () => number;
  /** Where a uid has to be watched before a connection of it is told anything; undefined: everything is told here. */
  readonly watches?: Watches | undefined;
  /** True once the instance is to stop: it takes no connection any more. */
  readonly isLeaving: () => boolean;
  readonly mayKnock: DoorRule;
  readonly listeners: ListenerAuth;
  readonly entry: Entry;
  /** Told of an error that no answer explains. */
  readonly onFault: (error: unknown) => void;
}

export interface HandshakeOptions {
  readonly maxUidBytes: number;
}

/** An upgrade that HTTP has let go of. */
export interface Handshake {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
}

/** Who may come in, and as what. */
export interface Admitted {
  readonly listener: ListenRequest;
  readonly grant: Grant;
  readonly seat: string | null;
}

/**
 * What stands between an upgrade and a connection, the cheap before the costly. Every refusal is an HTTP answer before the upgrade. Who
 * passes is given to `accept`, in the same turn of the event loop where nobody has to be asked.
 */
export class Handshakes {
  readonly #deps: HandshakeDeps;
  readonly #accept: (handshake: Handshake, admitted: Admitted) => void;
  readonly #maxUidBytes: number;
  readonly #turns: Turns<Handshake>;

  constructor(
    deps: HandshakeDeps,
    { maxUidBytes }: HandshakeOptions,
    accept: (handshake: Handshake, admitted: Admitted) => void,
  ) {
    this.#deps = deps;
    this.#maxUidBytes = maxUidBytes;
    this.#accept = accept;
    this.#turns = new Turns(deps.monotonicMs, (handshake) => this.#begin(handshake));
  }

  add(handshake: Handshake): void {
    this.#turns.add(handshake);
  }

  #begin(handshake: Handshake): void {
    const { request, socket } = handshake;
    if (socket.destroyed) return;
    const { isLeaving, mayKnock, onFault } = this.#deps;
    const url = request.url ?? '';
    const queryAt = url.indexOf('?');
    const path = queryAt < 0 ? url : url.slice(0, queryAt);
    if (path !== '/ws')
      return this.#refuse(socket, 'not_found', `There is no WebSocket at ${printable(path)}; use /ws.`);
    if (isLeaving()) return this.#refuse(socket, 'stopping');
    const search = queryAt < 0 ? '' : url.slice(queryAt + 1);
    const knocked = mayKnock({ headers: request.headers, peer: socket });
    if (!(knocked instanceof Promise)) return this.#knocked(handshake, search, knocked);
    knocked
      .then((refused) => this.#knocked(handshake, search, refused))
      .catch((error: unknown) => this.#failed(socket, error, onFault));
  }

  /** It comes from where it may, or was `refused` for that. */
  #knocked(handshake: Handshake, search: string, refused: Refused | undefined): void {
    const { request, socket } = handshake;
    if (refused !== undefined) return this.#refuse(socket, refused.code, refused.message, refused);
    const { admission, listeners, onFault } = this.#deps;
    const { headers } = request;
    const retryAfterSeconds = admission.retryAfterSeconds();
    if (retryAfterSeconds !== undefined) return this.#refuse(socket, 'busy', undefined, { retryAfterSeconds });
    const query = new URLSearchParams(search);
    const known = listeners.isOn ? listeners.authenticate({ query, headers }) : undefined;
    if (known === undefined) return this.#identified(handshake, query, undefined);
    known
      .then((said) => {
        if (said.ok) this.#identified(handshake, query, said.grant);
        else this.#refuse(socket, said.code, said.message, said);
      })
      .catch((error: unknown) => this.#failed(socket, error, onFault));
  }

  /** `grant`: what somebody may have who was asked. */
  #identified(handshake: Handshake, query: URLSearchParams, grant: Grant | undefined): void {
    const { socket } = handshake;
    const read = readListenQuery(query, grant, this.#maxUidBytes);
    if (!read.ok) {
      if (read.isOverUid === true) this.#deps.counters.overUid += 1;
      return this.#refuse(socket, read.code, read.message);
    }
    const { request: listener } = read;
    const full = this.#deps.hub.refusal();
    if (full !== undefined) return this.#refuse(socket, full);
    const known = grant ?? grantByWord(listener.uid);
    const entered = this.#deps.entry.enter(known);
    const go = (seat: string | null): void => this.#seated(handshake, { listener, grant: known, seat });
    if (!(entered instanceof Promise)) {
      if (entered.ok) go(entered.seat);
      else this.#refuse(socket, entered.code, entered.message, entered);
      return;
    }
    entered
      .then((said) => {
        if (said.ok) go(said.seat);
        else this.#refuse(socket, said.code, said.message, said);
      })
      .catch((error: unknown) => this.#failed(socket, error, this.#deps.onFault));
  }

  /** It has its seat, which is free again when it does not come in after all. */
  #seated(handshake: Handshake, admitted: Admitted): void {
    const { socket } = handshake;
    const { watches, isLeaving, hub, entry, onFault } = this.#deps;
    const { uid } = admitted.listener;
    const stop = (code?: ErrorCode, message?: string): void => {
      this.freeSeat(uid, admitted.seat);
      if (code !== undefined) this.#refuse(socket, code, message);
    };
    if (socket.destroyed) return stop();
    const come = (onRefused: () => void): void => {
      // Others may have come while this one was asked, and it may have been shut out.
      const code: ErrorCode | undefined = isLeaving() ? 'stopping' : hub.refusal();
      const refusal = code === undefined ? entry.shutOut(admitted.grant) : { code, message: undefined };
      if (refusal === undefined && !socket.destroyed) return this.#accept(handshake, admitted);
      onRefused();
      stop(refusal?.code, refusal?.message);
    };
    // Who has its 101 gets everything from then on: so it comes when the uid is watched, and not before.
    const watching = watches?.watch(uid);
    const unwatch = (): void => watches?.unwatch(uid);
    if (watching === undefined) return come(unwatch);
    watching
      .then(
        () => come(unwatch),
        (error: unknown) => stop('store_unavailable', error instanceof Error ? error.message : undefined),
      )
      .catch(onFault);
  }

  freeSeat(uid: string, seat: string | null): void {
    if (seat !== null) this.#deps.entry.leave(uid, seat);
  }

  #failed(socket: Socket, error: unknown, onFault: (error: unknown) => void): void {
    onFault(error);
    this.#refuse(socket, 'internal');
  }

  #refuse(socket: Socket, code: ErrorCode, message?: string, options?: RefusalOptions): void {
    this.#deps.counters.listenersRefused += 1;
    if (code === 'too_many_connections') this.#deps.counters.overConnections += 1;
    refuse(socket, code, message, options);
  }
}

function printable(text: string): string {
  return text.slice(0, 100).replace(/[^\x21-\x7e]/g, '?');
}
