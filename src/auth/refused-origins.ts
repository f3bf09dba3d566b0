import type { Counters } from '../ops/counters.ts';
import type { OriginRule } from './origin-rule.ts';
import { Seldom } from './seldom.ts';

export interface RefusedOriginsDeps {
  readonly counters: Pick<Counters, 'originsRefused'>;
  /** Warns: fields, and a sentence. */
  readonly warn: (fields: object, text: string) => void;
  readonly monotonicMs: () => number;
}

/** A line in the log at most so often. */
const logEveryMs = 10_000;

/** The longest that a line repeats of what somebody sent. */
const maxShownLength = 200;

/**
 * Says in the log which page was refused, and with which setting it would not have been: browsers keep the answer from the page, and
 * its developer sees no more than that the connection failed.
 */
export class RefusedOrigins {
  readonly #deps: RefusedOriginsDeps;
  readonly #origins: readonly string[];
  readonly #seldom = new Seldom(logEveryMs);

  constructor(deps: RefusedOriginsDeps, origins: readonly string[]) {
    this.#deps = deps;
    this.#origins = origins;
  }

  /** The same rule, told of. */
  tell(path: string, rule: OriginRule): OriginRule {
    return (origin, host) => {
      const may = rule(origin, host);
      if (!may && origin !== undefined) this.#refused(path, origin);
      return may;
    };
  }

  #refused(path: string, origin: string): void {
    const { counters, warn, monotonicMs } = this.#deps;
    counters.originsRefused += 1;
    const refused = this.#seldom.count(monotonicMs());
    if (refused === 0) return;
    const shown = origin.slice(0, maxShownLength);
    const setting = `--origins=${[...this.#origins, shown].join(',')}`;
    warn(
      { event: 'origin.refused', path, origin: shown, refused },
      `a page of ${shown} was refused; if it should not be, start with ${setting}`,
    );
  }
}
