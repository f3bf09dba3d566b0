import Router from '@koa/router';
import Koa from 'koa';
import type { Health } from '../journal/journal.ts';
import type { Counters } from './counters.ts';

export interface AdminDeps {
  readonly counters: Counters;
  readonly gauges: () => Readonly<Record<string, number>>;
  readonly readiness: () => Health;
  readonly version: string;
  readonly onFault: (error: unknown) => void;
}

/** The admin listener: what this instance holds and has counted. Not for the public. */
export function createAdmin({ counters, gauges, readiness, version, onFault }: AdminDeps): Koa {
  const router = new Router();
  router.get('/stats', (context) => {
    context.body = { version, readiness: readiness(), gauges: gauges(), counters };
  });
  router.get('/', (context) => context.redirect('/stats'));
  const admin = new Koa();
  admin.silent = true;
  admin.on('error', onFault);
  admin.use(router.routes());
  admin.use(router.allowedMethods());
  return admin;
}
