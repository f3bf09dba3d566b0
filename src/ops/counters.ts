/** What one instance has counted since its start. Rooms add to it directly: a counter on the line must cost one addition. */
export interface Counters {
  /** Messages that the queue accepted, posted to this instance. */
  accepted: number;
  /** Posts that were refused, whatever the reason. */
  refused: number;
  /** Of those, posts without a key, or with one that is unknown or expired. */
  postsUnauthenticated: number;
  /** Of those, posts that their key may not make. */
  postsForbidden: number;
  /** Of those, posts that were more than a limit on the posts of a second allows. */
  postsLimited: number;
  /** Of those, posts that were larger than --max-body. */
  overBody: number;
  /** Batches of more than --max-batch envelopes. */
  overBatch: number;
  /** Envelopes to more than --max-topic-ids uids. */
  overTopicIds: number;
  /** Envelopes whose msg was larger than --max-message. */
  overMessage: number;
  /** Uids of envelopes and listeners that were longer than --max-uid. */
  overUid: number;
  /** Requests whose path and headers were larger than --max-headers. */
  overHeaders: number;
  /** Requests that took longer than --request-timeout to come. */
  overRequestTime: number;
  /** HTTP connections that were closed at once, since there were --max-http-connections. */
  overHttpConnections: number;
  /** HTTP connections that were ended, since more than 100 of their requests waited for the answer to another. */
  overPipelined: number;
  /** HTTP connections that were ended, since nothing of an answer was taken for 75 s, or for --request-timeout where that is longer. */
  overUnreadTime: number;
  /** Admin requests that were refused for who asked, or from where. */
  adminRefused: number;
  /** Blocks and revocations that were refused, since --max-shut-out uids had one. */
  overShutOut: number;
  /** Messages that had expired when this instance was to deliver them. */
  expired: number;
  /** Messages that no open connection of this instance wanted. */
  unmatched: number;
  /** Accepted messages that the journal did not take; only a queue that says `volatile` can have any. */
  lost: number;
  /** Messages that the queue gave up; their jobs are kept until somebody looks. */
  failed: number;
  /** Frames written to sockets. */
  delivered: number;
  /** Of those, frames that a connection was given later, from the journal. */
  replayed: number;
  /** Connections taken since the start. */
  connected: number;
  /** Listeners refused before the upgrade. */
  listenersRefused: number;
  /** Of those, listeners that were put off before anything was done for them, since too many came at once. */
  handshakesDeferred: number;
  /** Of those, listeners that came when there were --max-connections. */
  overConnections: number;
  /** Of those, listeners whose address had --max-connections-per-address open. */
  overAddressConnections: number;
  /** Of those, listeners whose address came more often than --max-handshakes-per-address. */
  overAddressHandshakes: number;
  /** Posts and listeners of pages whose origin is not allowed. */
  originsRefused: number;
  /** Of those, listeners whose uid is blocked, or who came with something that is revoked. */
  shutOut: number;
  /** Of those, listeners whose uid had all the connections that it may have. */
  uidFull: number;
  /** Connections closed since an operator has disconnected, blocked or revoked. */
  kicked: number;
  /** Connections closed since a newer one of their uid took their place. */
  replaced: number;
  /** Tokens and tickets of listeners that were not taken, or were missing, at the door and over open connections. */
  unauthenticated: number;
  /** Tokens that were taken over an open connection, in place of one that was to expire. */
  tokensRenewed: number;
  /** Connections closed since their token had expired, or was replaced by one of another uid. */
  tokensExpired: number;
  /** Connections that a backup has handed back to its primary. */
  handedBack: number;
  /** Times that a connection did not read fast enough, and was to be caught up from the journal. */
  fellBehind: number;
  /** Connections closed since they did not read at all, or since what they missed was no longer kept. */
  tooSlow: number;
  /** Connections ended since they did not answer a ping. */
  deadPeers: number;
  /** Connections closed for a flood of frames. */
  floods: number;
  /** Connections that broke the WebSocket protocol or its limits. */
  protocolErrors: number;
  /** Frames of clients that were read and meant something. */
  clientFrames: number;
  /** Frames of clients that meant nothing. */
  ignoredFrames: number;
}

export function createCounters(): Counters {
  return {
    accepted: 0,
    refused: 0,
    postsUnauthenticated: 0,
    postsForbidden: 0,
    postsLimited: 0,
    overBody: 0,
    overBatch: 0,
    overTopicIds: 0,
    overMessage: 0,
    overUid: 0,
    overHeaders: 0,
    overRequestTime: 0,
    overHttpConnections: 0,
    overPipelined: 0,
    overUnreadTime: 0,
    adminRefused: 0,
    overShutOut: 0,
    expired: 0,
    unmatched: 0,
    lost: 0,
    failed: 0,
    delivered: 0,
    replayed: 0,
    connected: 0,
    listenersRefused: 0,
    handshakesDeferred: 0,
    overConnections: 0,
    overAddressConnections: 0,
    overAddressHandshakes: 0,
    originsRefused: 0,
    shutOut: 0,
    uidFull: 0,
    kicked: 0,
    replaced: 0,
    unauthenticated: 0,
    tokensRenewed: 0,
    tokensExpired: 0,
    handedBack: 0,
    fellBehind: 0,
    tooSlow: 0,
    deadPeers: 0,
    floods: 0,
    protocolErrors: 0,
    clientFrames: 0,
    ignoredFrames: 0,
  };
}
