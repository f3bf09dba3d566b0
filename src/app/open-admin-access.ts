import { createHostRule } from '../auth/host-rule.ts';
import type { Config } from '../config/schema.ts';
import { createOriginRule } from '../auth/origin-rule.ts';
import type { AdminAccess } from '../ops/admin-guard.ts';
import { createAudit, type AuditDeps } from '../ops/audit.ts';

/** The composition of who may look after the server. */
export function openAdminAccess({ origins }: Pick<Config, 'origins'>, deps: AuditDeps): AdminAccess {
  return {
    isOwnHost: createHostRule(createOriginRule(origins.filter((origin) => origin !== '*'))),
    mayChange: createOriginRule([]),
    audit: createAudit(deps),
  };
}
