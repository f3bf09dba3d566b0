import Router from '@koa/router';
import Koa, { type Context, type Middleware } from 'koa';
import type { KeyCount } from '../auth/sender-auth.ts';
import type { BackupReport } from '../cluster/primary-watch.ts';
import type { InstanceState } from '../cluster/lifecycle.ts';
import type { Health } from '../journal/journal.ts';
import type { Backlog } from '../queue/queue.ts';
import { answerError } from './admin-answer.ts';
import { createAdminGuard, type AdminAccess } from './admin-guard.ts';
import { StoreError } from './ask-store.ts';
import { addBacklogRoutes } from './backlog-routes.ts';
import type { CrewStats } from './crew-stats.ts';
import type { Counters } from './counters.ts';
import type { MessageDesk } from './message-desk.ts';
import { addDrainRoute, type DrainRouteDeps } from './drain-route.ts';
import { addMessageRoutes, type MessageRouteOptions } from './message-routes.ts';
import type { UserDesk } from './user-desk.ts';
import { addUserRoutes } from './user-routes.ts';

export interface AdminDeps {
  readonly counters: Counters;
  readonly gauges: () => Readonly<Record<string, number>>;
  /** What became of the posts of each key. */
  readonly keyCounts: Readonly<Record<string, KeyCount>>;
  readonly readiness: () => Health;
  readonly state: () => InstanceState;
  readonly stop: DrainRouteDeps['stop'];
  /** What it knows of its primary; null: it is nobody's backup. */
  readonly backup: () => BackupReport | null;
  /** The workers, of a supervisor: what it shows is their sums. */
  readonly crew?: () => Promise<CrewStats>;
  readonly messages: MessageDesk;
  readonly users: UserDesk;
  readonly backlog: Backlog | null;
  readonly access: AdminAccess;
  readonly version: string;
  readonly onFault: (error: unknown) => void;
}

/** Every route of the admin listener. A route that is neither GET nor a question has a name: what the audit calls the change. */
export function createAdminRouter(deps: Omit<AdminDeps, 'access' | 'onFault'>, options: MessageRouteOptions): Router {
  const { counters, gauges, keyCounts: keys, readiness, state, stop, backup, crew, messages, users, backlog } = deps;
  const { version } = deps;
  const sums = async () =>
    (await crew?.()) ?? { readiness: readiness(), backup: backup(), gauges: gauges(), counters, keys };
  const router = new Router({ strict: true });
  router.get('/stats', async (context) => {
    // A store that is away must not take this page with it.
    const queue = (await backlog?.counts().catch(() => null)) ?? null;
    context.body = { version, state: state(), queue, ...(await sums()) };
  });
  addDrainRoute(router, { stop, connections: async () => (await sums()).gauges['connections'] ?? 0 });
  router.get('/', (context) => context.redirect('stats'));
  addMessageRoutes(router, messages, options);
  addUserRoutes(router, users, options);
  addBacklogRoutes(router, backlog);
  return router;
}

/** The admin listener: what this instance holds and has counted, and what became of a message. Not for the public. */
export function createAdmin(deps: AdminDeps, options: MessageRouteOptions): Koa {
  const { access, counters, onFault } = deps;
  const router = createAdminRouter(deps, options);
  const admin = new Koa();
  admin.silent = true;
  admin.on('error', onFault);
  admin.use(createAdminGuard(router, access, counters));
  admin.use(answerFaults(onFault));
  admin.use(router.routes());
  admin.use((context) => answerNothingHere(context, router));
  return admin;
}

function answerFaults(onFault: (error: unknown) => void): Middleware {
  return async (context, next) => {
    try {
      await next();
    } catch (error) {
      if (error instanceof StoreError)
        return answerError(context, { code: 'store_unavailable', message: error.message });
      onFault(error);
      return answerError(context, { code: 'internal' });
    }
  };
}

/** Runs when no route has answered: another method would be, or nothing is there. */
function answerNothingHere(context: Context, router: Router): void {
  const { path, pathAndMethod } = router.match(context.path, context.method);
  if (path.length > 0 && pathAndMethod.length === 0) {
    context.set('Allow', [...new Set(path.flatMap(({ methods }) => methods))].join(', '));
    answerError(context, { code: 'method_not_allowed' });
    return;
  }
  const message = 'There is nothing here. See /stats, /messages/{id}, /scheduled, /failed, /users/{uid} and /drain.';
  answerError(context, { code: 'not_found', message });
}
