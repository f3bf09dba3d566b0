import type { Layer, Router } from '@koa/router';
import type { Context, Middleware } from 'koa';
import type { HostRule } from '../auth/host-rule.ts';
import { answerError, type AdminError } from './admin-answer.ts';
import { namedTarget, type Audit } from './audit.ts';
import type { Counters } from './counters.ts';

/** Who may do what by the admin listener, and who is told of it. */
export interface AdminAccess {
  readonly isOwnHost: HostRule;
  /** Whether a page of this origin may change something. */
  readonly mayChange: (origin: string | undefined, host: string | undefined) => boolean;
  readonly audit: Audit;
}

/** The name of a route that changes nothing although its method is POST: a question that does not fit into a query. */
export const questionRoute = 'question';

/**
 * Stands before every route, so that none can forget it: refuses who may not ask, and writes an audit line for each change, made or
 * refused. What is asked by GET or HEAD, or by a route named `questionRoute`, changes nothing.
 */
export function createAdminGuard(
  router: Router,
  { isOwnHost, mayChange, audit }: AdminAccess,
  counters: Pick<Counters, 'adminRefused'>,
): Middleware {
  function refusal({ req: { headers }, method }: Context): AdminError | undefined {
    const { origin, host } = headers;
    if (!isOwnHost(host)) return { code: 'origin_refused', message: foreignHost };
    if (!isSafe(method) && !mayChange(origin, host)) return { code: 'origin_refused', message: foreignPage };
    return undefined;
  }

  return async (context, next) => {
    const { req, method, path } = context;
    const route = router.match(path, method).pathAndMethod.at(-1);
    const isChange = !isSafe(method) && route?.name !== questionRoute;
    const refused = refusal(context);
    if (refused === undefined) {
      await next();
    } else {
      counters.adminRefused += 1;
      answerError(context, refused);
    }
    // What no route takes changes nothing.
    if (!isChange || route === undefined) return;
    const action = route.name ?? `${method} ${String(route.path)}`;
    const target = namedTarget(req) ?? targetOf(route, path);
    audit({ action, target, key: null, address: req.socket.remoteAddress, status: context.status });
  };
}

const foreignHost =
  'The Host is neither an address nor localhost: the name may lead here without our knowing. ' +
  'If it does, list it with --origins (http://NAME:PORT).';

const foreignPage = 'Pages of another origin may not change anything here.';

function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** What the path names: an id, a job, a uid. */
function targetOf(route: Layer, path: string): string | null {
  const names = Object.values(route.params(path, route.captures(path)));
  return names.length === 0 ? null : names.join('/');
}
