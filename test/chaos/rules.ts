/** What a set-up promises, as far as the checker has to know. */
export interface Rules {
  /**
   * What was accepted outlives the process that accepted it: no kill excuses a loss, and no client is told of a gap. Else the end of that
   * process excuses both, and nothing else does.
   */
  readonly isDurable: boolean;
  /** 202 comes after the number: a post that starts after another's 202 has the higher mid. */
  readonly isOrdered: boolean;
  /** How long after a fault's end everything has to run as before. */
  readonly recoveryMs: number;
  /** A message that expires has to arrive if its client listened that long meanwhile, with no fault near. */
  readonly quietMs: number;
  /** How much later than its expiry a frame may be read here: transport, and the driver's own turn. */
  readonly lateToleranceMs: number;
  /** How long `/send` may take to answer; an instance that is paused or killed is excused. */
  readonly answerMs: number;
}
