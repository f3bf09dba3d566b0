import type { Presented, Refused } from './listener-auth.ts';
import type { OriginRule } from './origin-rule.ts';

/** What is known of an upgrade before anybody asks who it is from. */
export interface Knock {
  readonly headers: Presented['headers'];
  /** Of the other end of the connection. */
  readonly remoteAddress: string | undefined;
}

/** Refuses an upgrade for where it comes from: its page's origin, its address. Undefined: it may go on. */
export type DoorRule = (knock: Knock) => Refused | undefined;

export interface DoorRuleDeps {
  /** Whether a page of this origin may listen. */
  readonly mayListen: OriginRule;
}

export function createDoorRule({ mayListen }: DoorRuleDeps): DoorRule {
  return ({ headers }) => {
    const { origin, host } = headers;
    if (mayListen(one(origin), one(host))) return undefined;
    const message = `Pages of ${one(origin)} may not listen here; if they should, start with --origins=${one(origin)}.`;
    return { ok: false, code: 'origin_refused', message };
  };
}

/** Node gives these headers as one text each; of several origins it makes one that is nobody's. */
function one(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'object' ? header[0] : header;
}
