import { AddressLimits } from '../auth/address-limits.ts';
import { createClientAddress } from '../auth/client-address.ts';
import { createDoorRule, type DoorRule } from '../auth/door-rule.ts';
import { openListenerAuth, type ListenerAuth, type Presented } from '../auth/listener-auth.ts';
import { createListeners } from '../auth/listeners.ts';
import { createOriginRule, type OriginRule } from '../auth/origin-rule.ts';
import { RefusedOrigins } from '../auth/refused-origins.ts';
import { createSenderAuth, type SenderAuth } from '../auth/sender-auth.ts';
import type { Config } from '../config/schema.ts';
import { openStanding, openTickets, type OpenStanding, type StandingDeps } from './open-standing.ts';
import type { OpenTokens } from './open-tokens.ts';
import { openTruth, type TruthDeps } from './open-truth.ts';

export interface AccessDeps extends StandingDeps, TruthDeps {
  readonly monotonicMs: () => number;
  readonly tokens: Pick<OpenTokens, 'verifyToken'>;
}

/** Who may come in, by which door. */
export interface Access extends OpenStanding {
  /** Whether a page of this origin may post. */
  readonly mayPost: OriginRule;
  readonly mayKnock: DoorRule;
  readonly senders: SenderAuth;
  readonly listeners: ListenerAuth;
}

/** The composition of everything that asks who somebody is. */
export async function openAccess(config: Config, deps: AccessDeps): Promise<Access> {
  const { counters, log, monotonicMs, tokens } = deps;
  const { origins } = config;
  const warn = (fields: object, text: string): void => log.warn(fields, text);
  const senders = createSenderAuth(config, Date.now);
  const { verifyToken } = tokens;
  const truth = await openTruth(config, deps);
  const tickets = openTickets(config, truth, deps.now);
  const useTicket = tickets?.use;
  const mayUseCookie = createCookieRule(origins);
  const listeners =
    verifyToken === undefined && useTicket === undefined
      ? openListenerAuth
      : createListeners({ verifyToken, useTicket, mayUseCookie, counters }, config);
  const refused = new RefusedOrigins({ counters, warn, monotonicMs }, origins);
  const mayPost = createOriginRule(origins, { ownNames: senders.asksWho });
  const mayListen = createOriginRule(origins, { ownNames: listeners.isOn, ownMachine: true });
  return {
    mayPost: refused.tell('/send', mayPost),
    mayKnock: createDoorRule({
      mayListen: refused.tell('/ws', mayListen),
      clientAddress: createClientAddress(config.trustProxy),
      limits: new AddressLimits({ counters, warn, monotonicMs }, config),
    }),
    senders,
    listeners,
    ...openStanding(config, truth, deps, { asksListeners: listeners.isOn, tickets }),
  };
}

/**
 * A browser sends its cookies along whichever page asks. So a page that may use them must be of this server, or of an origin that is
 * named: `*` and `null` name none.
 */
function createCookieRule(origins: readonly string[]): (headers: Presented['headers']) => boolean {
  const named = origins.filter((origin) => origin !== '*' && origin !== 'null');
  const mayListen = createOriginRule(named, { ownNames: true });
  return ({ origin, host }) =>
    typeof origin === 'string' && mayListen(origin, typeof host === 'string' ? host : undefined);
}
