/**
 * Close codes that Tidings sends. 1012, 1013 and 4000-4499: reconnect; 4500-4999: do not. The codes below 4000 are
 * registered by IANA (WebSocket Close Code Number Registry).
 */
export const closeCodes = {
  /** The client broke the protocol's manners, such as a flood of frames. */
  policyViolation: 1008,
  /** A frame of the client is larger than it may be. */
  messageTooBig: 1009,
  /** The instance hands its connections over, since it stops or since another is to serve: reconnect. */
  serviceRestart: 1012,
  /** The connection is too slow for what is sent to it: reconnect later. */
  tryAgainLater: 1013,
  /** An operator has disconnected the uid: reconnect. */
  disconnected: 4100,
  /** What the client came with was revoked: do not come back without a new one. */
  tokenRevoked: 4502,
  /** An operator has blocked the uid: do not come back. */
  blocked: 4503,
  /** A newer connection of the same uid has taken this one's place: do not come back, or the two would chase each other away. */
  replaced: 4504,
  /** The token has expired, or is for another uid than the connection: do not reconnect with it, get a new one. */
  tokenExpired: 4501,
} as const;
