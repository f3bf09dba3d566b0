/** The longest uid, in UTF-8 bytes. */
export const maxUidBytes = 256;

/** The longest type name, in UTF-16 units. */
export const maxTypeLength = 64;

/** How many types one listener may name; who wants more asks for `*`. */
export const maxListenTypes = 64;

/** The longest `id` of an envelope, in characters. */
export const maxIdLength = 128;

/** What stands before the ids that a key with scopes chooses, in characters: eight and a dot. */
export const idPrefixLength = 9;

/**
 * The longest id of a message: what stands before that of a key with scopes; and an item of a batch has its request's key, a slash and
 * its index, which is below a million.
 */
export const maxItemIdLength = idPrefixLength + maxIdLength + '/999999'.length;

/** How far from now the time of a signed post may be, in either direction. */
export const signatureWindowMs = 300_000;

/** The longest `time` of an envelope, in UTF-16 units. */
export const maxTimeLength = 64;
