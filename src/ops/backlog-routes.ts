import type Router from '@koa/router';
import type { Context } from 'koa';
import type { Backlog } from '../queue/queue.ts';
import { answerError } from './admin-answer.ts';
import { adminQueries, readQuery } from './admin-query.ts';
import { askStore } from './ask-store.ts';

/** What the queue holds back, and what failed there for good. */
export function addBacklogRoutes(router: Router, backlog: Backlog | null): void {
  /** Undefined: it is answered already. */
  function readList(
    context: Context,
  ): { readonly backlog: Backlog; readonly from: number; readonly limit: number } | undefined {
    const query = readQuery(adminQueries.list, { ...context.query });
    if (!query.ok) answerError(context, query.error);
    else if (backlog === null) answerError(context, { code: 'no_backlog' });
    else return { backlog, ...query.value };
    return undefined;
  }

  router.get('/scheduled', async (context) => {
    const list = readList(context);
    if (list === undefined) return;
    const { from, limit } = list;
    const { total, items } = await askStore(() => list.backlog.scheduled(from, limit));
    const shown = items.map(({ id, deliverAtMs, expiresAtMs }) => ({
      id,
      deliver_at: deliverAtMs,
      expires_at: expiresAtMs === 0 ? null : expiresAtMs,
    }));
    context.body = { total, from, limit, items: shown };
  });

  router.get('/failed', async (context) => {
    const list = readList(context);
    if (list === undefined) return;
    const { from, limit } = list;
    const { total, items } = await askStore(() => list.backlog.failed(from, limit));
    const shown = items.map(({ job, ids, reason, failedAtMs }) => ({ job, ids, reason, failed_at: failedAtMs }));
    context.body = { total, from, limit, items: shown };
  });

  router.post('retry', '/failed/:job/retry', async (context) => {
    const query = readQuery(adminQueries.nothing, { ...context.query });
    if (!query.ok) return answerError(context, query.error);
    if (backlog === null) return answerError(context, { code: 'no_backlog' });
    const job = context.params['job'] ?? '';
    const isTried = /^[\w-]{1,100}$/.test(job) && (await askStore(() => backlog.retry(job)));
    if (isTried) context.body = { job, state: 'waiting' };
    else answerError(context, { code: 'unknown_job' });
  });
}
