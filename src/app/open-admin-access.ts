import { createAdminAuth } from '../auth/admin-auth.ts';
import { createClientAddress } from '../auth/client-address.ts';
import { createHostRule } from '../auth/host-rule.ts';
import type { Config } from '../config/schema.ts';
import { createOriginRule } from '../auth/origin-rule.ts';
import type { AdminAccess } from '../ops/admin-guard.ts';
import { createAudit, type AuditDeps } from '../ops/audit.ts';

/** The composition of who may look after the server. */
export function openAdminAccess(
  { origins, adminKeys, trustProxy }: Pick<Config, 'origins' | 'adminKeys' | 'trustProxy'>,
  deps: AuditDeps,
): AdminAccess {
  const named = origins.filter((origin) => origin !== '*');
  return {
    auth: createAdminAuth(adminKeys, Date.now),
    isOwnHost: createHostRule(createOriginRule(named)),
    // By whatever name a page got here, its host has been looked at by then, or it needs a key.
    mayChange: createOriginRule([], { ownNames: true }),
    clientAddress: createClientAddress(trustProxy),
    audit: createAudit(deps),
  };
}
