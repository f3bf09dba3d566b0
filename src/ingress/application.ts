import Router from '@koa/router';
import Koa, { type Middleware } from 'koa';
import type { Health } from '../journal/journal.ts';
import type { Assets } from '../ops/assets.ts';
import { answerError, answerJson } from './answer.ts';
import { createDemo } from './demo.ts';

export interface ApplicationDeps {
  /** `POST /send`, ahead of everything else. */
  readonly send: Middleware;
  readonly assets: Assets;
  /** Whether posts would be accepted and connections taken now. */
  readonly readiness: () => Health;
  /** The name of this instance: a backup that asks learns whom it has asked. */
  readonly instance: string;
  readonly onFault: (error: unknown) => void;
}

/** The public Koa application, in the order of a request's path: /send, then the router, then "there is nothing here". */
export function createApplication({ send, assets, readiness, instance, onFault }: ApplicationDeps): Koa {
  const router = new Router({ strict: true });
  router.get('/healthz', (context) => {
    context.respond = false;
    answerJson(context.res, 200, '{"status":"ok"}');
  });
  router.get('/readyz', (context) => {
    context.respond = false;
    const health = readiness();
    if (health.ok) answerJson(context.res, 200, JSON.stringify({ status: 'ready', instance }));
    else answerJson(context.res, 503, JSON.stringify({ status: 'not ready', reason: health.reason, instance }));
  });
  router.get('/ws', (context) => {
    context.respond = false;
    const headers = { Connection: 'Upgrade', Upgrade: 'websocket' };
    answerError(context.res, { code: 'upgrade_required', headers });
  });
  router.get('/', (context) => context.redirect('demo/'));
  router.get('/demo', (context) => context.redirect('demo/'));
  router.get('/demo/{*name}', createDemo(assets));

  const application = new Koa();
  application.silent = true;
  application.on('error', onFault);
  application.use(send);
  application.use(answerFaults(onFault));
  application.use(router.routes());
  application.use(answerNothingHere(router));
  return application;
}

function answerFaults(onFault: (error: unknown) => void): Middleware {
  return async (context, next) => {
    try {
      await next();
    } catch (error) {
      onFault(error);
      context.respond = false;
      answerError(context.res, { code: 'internal' });
    }
  };
}

/** Runs when no route has answered: another method would be, or nothing is there. */
function answerNothingHere(router: Router): Middleware {
  return (context) => {
    context.respond = false;
    const { path, pathAndMethod } = router.match(context.path, context.method);
    if (path.length > 0 && pathAndMethod.length === 0) {
      answerError(context.res, { code: 'method_not_allowed', headers: { Allow: 'GET, HEAD' } });
    } else {
      const message = 'There is nothing here. Post to /send, listen at /ws, look at /demo/.';
      answerError(context.res, { code: 'not_found', message });
    }
  };
}
