import type { Layer, Router } from '@koa/router';
import type { Context, Middleware } from 'koa';
import type { AdminAuth } from '../auth/admin-auth.ts';
import type { ClientAddress } from '../auth/client-address.ts';
import type { HostRule } from '../auth/host-rule.ts';
import type { Refused } from '../auth/listener-auth.ts';
import type { OriginRule } from '../auth/origin-rule.ts';
import { answerError } from './admin-answer.ts';
import { namedTarget, type Audit } from './audit.ts';
import type { Counters } from './counters.ts';

/** Who may do what by the admin listener, and who is told of it. */
export interface AdminAccess {
  readonly auth: AdminAuth;
  /** Asked where nobody is asked for a key. */
  readonly isOwnHost: HostRule;
  /** Whether a page of this origin may change something. */
  readonly mayChange: OriginRule;
  readonly clientAddress: ClientAddress;
  readonly audit: Audit;
}

/** The name of a route that changes nothing although its method is POST: a question that does not fit into a query. */
export const questionRoute = 'question';

type Entered = { readonly ok: true; readonly key: string | null } | (Refused & { readonly key: string | null });

/**
 * Stands before every route, so that none can forget it: refuses who may not ask, and writes an audit line for each change, made or
 * refused. What is asked by GET or HEAD, or by a route named `questionRoute`, changes nothing; everything else needs the role write.
 */
export function createAdminGuard(
  router: Router,
  { auth, isOwnHost, mayChange, clientAddress, audit }: AdminAccess,
  counters: Pick<Counters, 'adminRefused'>,
): Middleware {
  function enter({ req: { headers }, method }: Context, isChange: boolean): Entered {
    const { origin, host } = headers;
    if (!auth.isOn && !isOwnHost(host)) return refused('origin_refused', foreignHost);
    if (!isSafe(method) && !mayChange(origin, host)) return refused('origin_refused', foreignPage);
    if (!auth.isOn) return { ok: true, key: null };
    const found = auth.identify(headers);
    if (!found.ok) return { ...found, key: null };
    const { name, role } = found.key;
    if (!isChange || role === 'write') return { ok: true, key: name };
    return refused('forbidden', `The key ${name} has the role ${role}; changing something needs the role write.`, name);
  }

  return async (context, next) => {
    const { req, method, path } = context;
    const route = router.match(path, method).pathAndMethod.at(-1);
    const isChange = !isSafe(method) && route?.name !== questionRoute;
    const entered = enter(context, isChange);
    if (entered.ok) {
      await next();
    } else {
      counters.adminRefused += 1;
      answerError(context, entered);
    }
    // What no route takes changes nothing.
    if (!isChange || route === undefined) return;
    const action = route.name ?? `${method} ${String(route.path)}`;
    const target = namedTarget(req) ?? targetOf(route, path);
    const address = clientAddress(req.socket.remoteAddress, String(req.headers['x-forwarded-for'] ?? ''));
    audit({ action, target, key: entered.key, address, status: context.status });
  };
}

const foreignHost =
  'The Host is neither an address nor localhost: the name may lead here without our knowing. ' +
  'If it is ours, list it with --origins (http://NAME:PORT), or ask for keys (--admin-keys).';

const foreignPage = 'Pages of another origin may not change anything here.';

function refused(code: Refused['code'], message: string, key: string | null = null): Entered {
  return { ok: false, code, message, key };
}

function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** What the path names: an id, a job, a uid. */
function targetOf(route: Layer, path: string): string | null {
  const names = Object.values(route.params(path, route.captures(path)));
  return names.length === 0 ? null : names.join('/');
}
