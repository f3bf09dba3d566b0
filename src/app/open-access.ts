import type { DoorRule } from '../auth/door-rule.ts';
import { openEntry, type Entry } from '../auth/entry.ts';
import { openListenerAuth, type ListenerAuth } from '../auth/listener-auth.ts';
import { createSenderAuth, type SenderAuth } from '../auth/sender-auth.ts';
import type { Config } from '../config/schema.ts';
import { createOriginRule, type OriginRule } from '../ingress/origin.ts';

/** Who may come in, by which door. */
export interface Access {
  /** Whether a page of this origin may post. */
  readonly mayPost: OriginRule;
  /** Whether a page of this origin may change something by the admin listener. */
  readonly mayChange: OriginRule;
  readonly mayKnock: DoorRule;
  readonly senders: SenderAuth;
  readonly listeners: ListenerAuth;
  readonly entry: Entry;
}

/** The composition of everything that asks who somebody is. */
export function openAccess(config: Config): Access {
  return {
    mayPost: createOriginRule(config.origins),
    mayChange: createOriginRule([]),
    mayKnock: () => undefined,
    senders: createSenderAuth(config.keys, Date.now),
    listeners: openListenerAuth,
    entry: openEntry,
  };
}
