import assert from 'node:assert/strict';
import type { Answer } from '../../support/request.ts';

/** What nginx says to a post that no instance has answered: the 503 of the server, in nginx's words. */
export function assertUnanswered(answer: Answer): void {
  assert.equal(answer.status, 503, answer.text);
  assert.equal(answer.headers['retry-after'], '1');
  assert.equal((answer.json as { error: { code: string } }).error.code, 'queue_unavailable');
  assert.match(answer.text, /No instance has answered/);
}
