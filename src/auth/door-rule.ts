import type { AddressLimits, Peer } from './address-limits.ts';
import type { ClientAddress } from './client-address.ts';
import type { Presented, Refused } from './listener-auth.ts';
import type { OriginRule } from './origin-rule.ts';

/** What is known of an upgrade before anybody asks who it is from. */
export interface Knock {
  readonly headers: Presented['headers'];
  readonly peer: Peer;
}

/**
 * Refuses an upgrade for where it comes from: its page's origin, its address. Undefined: it may go on. At once where the address is not
 * limited. Rejects only by a fault.
 */
export type DoorRule = (knock: Knock) => Refused | undefined | Promise<Refused | undefined>;

export interface DoorRuleDeps {
  /** Whether a page of this origin may listen. */
  readonly mayListen: OriginRule;
  readonly clientAddress: ClientAddress;
  readonly limits: Pick<AddressLimits, 'admit'>;
}

export function createDoorRule({ mayListen, clientAddress, limits }: DoorRuleDeps): DoorRule {
  return ({ headers, peer }) => {
    const { origin, host, 'x-forwarded-for': forwardedFor } = headers;
    if (!mayListen(one(origin), one(host))) {
      const message = `Pages of ${one(origin)} may not listen here; if they should, start with --origins=${one(origin)}.`;
      return { ok: false, code: 'origin_refused', message };
    }
    const address = clientAddress(peer.remoteAddress, one(forwardedFor));
    return address === undefined ? undefined : limits.admit(peer, address);
  };
}

/** Node gives these headers as one text each; of several origins it makes one that is nobody's. */
function one(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'object' ? header.join(', ') : header;
}
