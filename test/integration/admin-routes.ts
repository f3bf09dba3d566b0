import { createAdminRouter, type AdminDeps } from '../../src/ops/admin.ts';
import { questionRoute } from '../../src/ops/admin-guard.ts';

/** One route of the admin listener. */
export interface AdminRoute {
  readonly method: string;
  /** With `x` in place of what it takes. */
  readonly path: string;
  readonly name: string | undefined;
  readonly isChange: boolean;
}

/** Every route that the admin listener has, from its own table: one that is added later is among them. */
export const adminRoutes: readonly AdminRoute[] = router().stack.flatMap(({ methods, path, name }) =>
  methods.map((method) => ({
    method,
    path: String(path).replace(/[:*]\w+/g, 'x'),
    name: name ?? undefined,
    isChange: method !== 'GET' && method !== 'HEAD' && name !== questionRoute,
  })),
);

/** Nothing is asked, so nothing that answers is needed. */
function router() {
  return createAdminRouter({ messages: {} } as AdminDeps, { maxBodyBytes: 1000 });
}
