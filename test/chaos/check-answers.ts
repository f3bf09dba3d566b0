import { overlaps } from './spans.ts';
import type { Attempt, History } from './history.ts';
import type { Rules } from './rules.ts';
import type { Violation, ViolationKind } from './violation.ts';

/**
 * Judges what `/send` said: 202 or 503 to what is valid (`answer`), the same id each time a post is repeated (`wrong-id`), 422 or 503 to
 * another body under an accepted id (`impostor`), and something within `answerMs` unless its instance could not (`hang`).
 */
export function checkAnswers(history: History, rules: Rules): Violation[] {
  const violations: Violation[] = [];
  for (const attempt of history.attempts) {
    const seq = attempt.seqs[0] ?? -1;
    const report = (kind: ViolationKind, text: string): void => {
      violations.push({ kind, seq, client: -1, atMs: attempt.startedMs, text });
    };
    const { status } = attempt;
    const isImpostor = history.posts[seq]?.isImpostor === true;
    if (isImpostor && status === 202) report('impostor', 'another body under an accepted id was accepted');
    const isFine = [0, 202, 503].includes(status) || (isImpostor && status === 422);
    if (!isFine) report('answer', `answered ${status} ${attempt.error}`);
    if (status === 202 && !isImpostor) {
      for (const [index, one] of attempt.seqs.entries()) {
        const known = history.posts[one]?.id ?? '';
        const said = attempt.ids[index];
        if (said !== known) report('wrong-id', `post ${one} was ${known} and is answered as ${said}`);
      }
    }
    const tookMs = attempt.endedMs - attempt.startedMs;
    const excusedMs = tookMs > rules.answerMs ? stalledMs(history, attempt) + unservedMs(history, attempt) : 0;
    const isLong = tookMs > rules.answerMs + excusedMs;
    if (isLong && !wasStopped(history, attempt, rules)) {
      report('hang', `no answer within ${rules.answerMs} ms, but after ${tookMs} ms: ${status || attempt.error}`);
    }
  }
  return violations;
}

function wasStopped(history: History, { slot, startedMs, endedMs }: Attempt, rules: Rules): boolean {
  return history.faults.some(
    (fault) =>
      /-(instance|all)$/.test(fault.kind) &&
      (fault.slot === slot || fault.slot < 0) &&
      overlaps({ startedMs: fault.startedMs, endedMs: fault.endedMs + rules.answerMs }, { startedMs, endedMs }),
  );
}

/** How long its worker may have stood still or, when all were killed, was not there yet: what it was sent waited. */
function unservedMs({ faults }: History, { slot, startedMs, endedMs }: Attempt): number {
  let sumMs = 0;
  for (const fault of faults) {
    if (fault.slot !== slot || !['pause-worker', 'kill-workers'].includes(fault.kind)) continue;
    sumMs += Math.max(0, Math.min(endedMs, fault.endedMs) - Math.max(startedMs, fault.startedMs));
  }
  return sumMs;
}

function stalledMs(history: History, attempt: Attempt): number {
  let sumMs = 0;
  for (const { endedMs, lengthMs } of history.stalls) {
    if (overlaps(attempt, { startedMs: endedMs - lengthMs, endedMs })) sumMs += lengthMs;
  }
  return sumMs;
}
