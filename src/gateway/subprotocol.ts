import { tokenProtocolPrefix } from '../auth/presented-token.ts';

/** The subprotocol of the wire, which a client offers beside one that holds its token. */
export const tidingsProtocol = 'tidings';

/**
 * The subprotocol that a client is told was chosen: ours, else the first that it offers, since a browser gives up a connection without one.
 * One that holds a token is never sent back: headers of answers are kept in many places.
 */
export function chooseProtocol(offered: ReadonlySet<string>): string | false {
  if (offered.has(tidingsProtocol)) return tidingsProtocol;
  return [...offered].find((name) => !name.startsWith(tokenProtocolPrefix)) ?? false;
}
