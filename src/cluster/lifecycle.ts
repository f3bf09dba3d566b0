const states = ['starting', 'ready', 'draining', 'stopped'] as const;

/**
 * What an instance is at. `starting`: its ports are not open yet. `draining`: it takes no new connection, hands over those that
 * it has, and still answers posts. `stopped`: it takes nothing any more.
 */
export type InstanceState = (typeof states)[number];

/** The one place that knows what an instance is at. It only ever goes on to a later state. */
export class Lifecycle {
  #state: InstanceState = 'starting';

  get state(): InstanceState {
    return this.#state;
  }

  /** True from the moment on at which it is asked to stop. */
  get isLeaving(): boolean {
    return this.#state === 'draining' || this.#state === 'stopped';
  }

  /** Goes on to this state. False: it is there already, or further. */
  goOn(state: InstanceState): boolean {
    if (states.indexOf(state) <= states.indexOf(this.#state)) return false;
    this.#state = state;
    return true;
  }
}
