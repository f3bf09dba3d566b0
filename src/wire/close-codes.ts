/**
 * Close codes that Tidings sends. 1012, 1013 and 4000-4499: reconnect; 4500-4999: do not. The codes below 4000 are
 * registered by IANA (WebSocket Close Code Number Registry).
 */
export const closeCodes = {
  /** The client broke the protocol's manners, such as a flood of frames. */
  policyViolation: 1008,
  /** The instance hands its connections over, since it stops or since another is to serve: reconnect. */
  serviceRestart: 1012,
  /** The connection is too slow for what is sent to it: reconnect later. */
  tryAgainLater: 1013,
} as const;
