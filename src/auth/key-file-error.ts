/** The file of the keys that tokens are verified with cannot be used: its message is the line for the operator. */
export class KeyFileError extends Error {}
