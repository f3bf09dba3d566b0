/** The keys that tokens are verified with cannot be had just now: nothing is said about the token. */
export class KeysAwayError extends Error {}
