import { LinkError } from './link-calls.ts';

/** What the messages of one write wait for. */
interface Handing {
  readonly taken: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: LinkError) => void;
  deadline: NodeJS.Timeout | undefined;
  isSettled: boolean;
}

/**
 * Who waits until the kernel has what was written to the supervisor. From then on it is the supervisor's, also when this process dies in
 * the next moment. As a rule the kernel has it at once; there is one promise for all that wait for a write.
 */
export class Handings {
  readonly #deadlineMs: number;
  /** Of the next write. */
  #next: Handing | undefined;
  /** Of the writes that are not taken yet, in their order; undefined: nobody waits for that one. */
  #underWay: (Handing | undefined)[] = [];
  /** How many wait. */
  #waiting = 0;
  #closed: string | undefined;
  #idle: (() => void)[] = [];
  /** The kernel did not take the last ones in time. */
  isLate = false;

  constructor(deadlineMs: number) {
    this.#deadlineMs = deadlineMs;
  }

  /** What is gathered for the next write is taken. Rejects with a LinkError; it may then be taken all the same. */
  next(): Promise<void> {
    return (this.#next ??= this.#create()).taken;
  }

  /** The same of the last write; undefined: it is taken. */
  last(): Promise<void> | undefined {
    if (this.#underWay.length === 0) return undefined;
    const handing = this.#underWay.at(-1) ?? this.#create();
    this.#underWay[this.#underWay.length - 1] = handing;
    this.#limit(handing);
    return handing.taken;
  }

  /** It was written. `isTaken`: and taken. */
  written(isTaken: boolean): void {
    const handing = this.#next;
    this.#next = undefined;
    if (isTaken) return this.#settle(handing);
    this.#underWay.push(handing);
    if (handing !== undefined) this.#limit(handing);
  }

  /** The oldest write that is under way was taken, or never will be. */
  taken(error?: Error | null): void {
    this.isLate = false;
    this.#settle(this.#underWay.shift(), error?.message);
  }

  /** From now on nothing is taken, for this reason. */
  close(reason: string): void {
    this.#closed = reason;
    const waiting = [...this.#underWay, this.#next];
    this.#underWay = [];
    this.#next = undefined;
    for (const handing of waiting) this.#settle(handing, reason);
  }

  /** Resolves when nobody waits, which is within the deadline when nothing more is handed over. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#noteIdle();
    });
  }

  #create(): Handing {
    let resolve = (): void => {};
    let reject = (_error: LinkError): void => {};
    const taken = new Promise<void>((resolveIt, rejectIt) => {
      resolve = resolveIt;
      reject = rejectIt;
    });
    const handing: Handing = { taken, resolve, reject, deadline: undefined, isSettled: false };
    this.#waiting += 1;
    if (this.#closed !== undefined) this.#settle(handing, this.#closed);
    return handing;
  }

  #limit(handing: Handing): void {
    handing.deadline ??= setTimeout(() => {
      this.isLate = true;
      this.#settle(handing, `The supervisor took nothing for ${this.#deadlineMs} ms.`);
    }, this.#deadlineMs);
  }

  /** `failure`: why it is not taken. */
  #settle(handing: Handing | undefined, failure?: string): void {
    if (handing === undefined || handing.isSettled) return;
    handing.isSettled = true;
    clearTimeout(handing.deadline);
    this.#waiting -= 1;
    if (failure === undefined) handing.resolve();
    else handing.reject(new LinkError(failure));
    this.#noteIdle();
  }

  #noteIdle(): void {
    if (this.#waiting > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
