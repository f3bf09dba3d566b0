import type { Log } from '../ops/log.ts';

/** Reads something anew, or throws what hinders it: then what was read before stays in force. What it gives is logged. */
export type Reload = () => Promise<Readonly<Record<string, unknown>> | void>;

/** What an operator may have read anew while the process serves, by SIGHUP. */
export class Reloads {
  readonly #log: Log;
  readonly #all = new Map<string, Reload>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** `what`: the setting that says where it is read. */
  add(what: string, reload: Reload): void {
    this.#all.set(what, reload);
  }

  /** Each in turn, whatever becomes of the others. Never rejects. */
  async run(): Promise<void> {
    if (this.#all.size === 0) this.#log.info({ event: 'reload.nothing' }, 'there is nothing to reload');
    for (const [what, reload] of this.#all) {
      try {
        this.#log.info({ event: 'reloaded', what, ...(await reload()) });
      } catch (error) {
        const reason = error instanceof Error ? error.message : 'unknown error';
        this.#log.error({ event: 'reload.failed', what, reason }, 'what was read before stays in force');
      }
    }
  }
}
