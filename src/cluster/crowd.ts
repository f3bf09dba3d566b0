/** One more call is waited for at every write, until so many trials in a row were in vain: then each trial is twice as far away. */
const freeTrials = 4;
const longestTrial = 256;

/**
 * How many calls come before those who call wait for their answers: to wait for more than these gathers nothing. Calls that come of
 * their own accord, whoever is answered, are found out only by a wait for them: hence the trials.
 */
export class Crowd {
  #size = 1;
  #isTrial = false;
  #vainTrials = 0;
  #untilTrial = 1;

  /** As many calls have gathered as ever do. */
  isComplete(calls: number): boolean {
    return calls >= this.#size;
  }

  /** So many were written. `isRested`: after as long a wait for more as there may be. */
  wrote(calls: number, isRested: boolean): void {
    const came = calls >= this.#size;
    if (came) this.#size = calls;
    else if (isRested) this.#size -= 1;
    if (this.#isTrial && (came || isRested)) this.#judge(came);
    if (this.#isTrial) return;
    this.#untilTrial -= 1;
    if (this.#untilTrial > 0) return;
    this.#isTrial = true;
    this.#size += 1;
  }

  #judge(came: boolean): void {
    this.#isTrial = false;
    this.#vainTrials = came ? 0 : this.#vainTrials + 1;
    this.#untilTrial = Math.min(longestTrial, 2 ** Math.max(0, this.#vainTrials - freeTrials));
  }
}
