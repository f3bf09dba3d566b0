/** Whether a request that names this `Host` is for this server. */
export type HostRule = (host: string | undefined) => boolean;

/**
 * Makes the rule by which names a server that asks nobody for a key may be spoken to: its address, `localhost`, and those of listed
 * origins. Any other name may have been bound to our address by whoever owns it, and then his pages are of our own origin to a browser,
 * which lets them read every answer (DNS rebinding). Who names no host is no browser. `isOwnPage` says whether a page of that origin is
 * one of ours; it must not be a rule that takes all.
 */
export function createHostRule(isOwnPage: (origin: string, host: string) => boolean): HostRule {
  return (host) =>
    host === undefined || ['http', 'https'].some((scheme) => isOwnPage(`${scheme}://${host.toLowerCase()}`, host));
}
