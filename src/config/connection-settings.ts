import { GIB, HOUR_MS, KIB, MIB, MINUTE_MS, SECOND_MS } from './amounts.ts';
import { bytes, bytesOrAuto, choice, count, durationMs } from './kinds.ts';

/** What bounds the open connections, and those that are to be opened. */
export const connectionSettings = {
  maxConnections: count(
    'connections',
    { min: 1, max: 10_000_000, default: 100_000 },
    {
      group: 'Connections',
      description:
        'Most open connections of this instance; further ones are refused with 503. An idle one takes about 6 KiB and one file descriptor.',
    },
  ),
  maxHttpConnections: count(
    'connections',
    { min: 1, max: 10_000_000, default: 10_000 },
    {
      group: 'Connections',
      description:
        'Most open HTTP connections of each listener beside those of listeners: backends that post, and whoever has not said yet what he wants. Further ones are closed without an answer.',
    },
  ),
  maxConnectionsPerUid: count(
    'connections',
    { min: 1, max: 10_000_000, default: 100 },
    {
      group: 'Connections',
      description:
        'Most open connections of one uid, on all instances together: its tabs, phones and apps. What becomes of a further one, uid-connections says.',
    },
  ),
  uidConnections: choice(['refuse', 'replace'], 'refuse', {
    group: 'Connections',
    description:
      'What becomes of one connection more than a uid may have: refuse answers it 429; replace closes the oldest one of the uid with 4504, wherever it is.',
  }),
  maxConnectionsPerAddress: count(
    'connections',
    { min: 0, max: 10_000_000, default: 1000 },
    {
      group: 'Connections',
      description:
        'Most open connections of one address (of IPv6: one /64; an office may be one) on this instance; further ones are refused with 429, and 0 is no limit. This machine itself is not limited, nor what comes by a proxy on it that is not in trust-proxy.',
    },
  ),
  maxHandshakesPerAddress: count(
    'handshakes a second',
    { min: 0, max: 1_000_000, default: 100 },
    {
      group: 'Connections',
      description:
        'Most new connections that one address may ask for in a second, taken or not; further ones are answered 429 and told when to come back, and 0 is no limit. Addresses are those of max-connections-per-address.',
    },
  ),
  maxHandshakes: count(
    'handshakes a second',
    { min: 1, max: 1_000_000, default: 1000 },
    {
      group: 'Connections',
      description:
        'Most new connections that are taken in a second. Further ones are answered 503 and told when to come back, so that a crowd that comes back at once does not hold up posts.',
    },
  ),
  maxLagMs: durationMs(
    { min: 0, max: MINUTE_MS, default: 200 },
    {
      group: 'Connections',
      description:
        'How late the event loop may be, not just once, for a new connection to be taken: while it is later, they are answered 503. 0: however late.',
    },
  ),
  maxMemoryBytes: bytesOrAuto(
    { min: 16 * MIB, max: 1024 * GIB },
    {
      group: 'Connections',
      description:
        'Resident memory above which no new connection is taken, nor when 90 % of the heap that Node allows itself is in use. auto: 90 % of what the machine or the container has.',
    },
  ),
  // The ranges of the next two do not take each other's usual values, for their names differ by one letter.
  maxClientFrameBytes: bytes(
    { min: 128, max: MIB, default: 4 * KIB },
    {
      group: 'Connections',
      description:
        'Largest frame that a client may send. Clients only acknowledge and choose types, so small is right.',
    },
  ),
  maxClientFrames: count(
    'frames a second',
    { min: 1, max: 1000, default: 20 },
    {
      group: 'Connections',
      description:
        'Most frames that one client may send in a second. A connection that sends more is closed with 1008.',
    },
  ),
  connectionBudgetBytes: bytes(
    { min: 16 * KIB, max: GIB, default: MIB },
    {
      group: 'Connections',
      description:
        'Most bytes that wait for one slow connection. One that has more waiting falls behind and catches up from the journal.',
    },
  ),
  behindTimeoutMs: durationMs(
    { min: 100, max: HOUR_MS, default: 30 * SECOND_MS },
    {
      group: 'Connections',
      description:
        'How long a connection that fell behind may take none of what waits for it. After that it is closed with 1013.',
    },
  ),
  pingIntervalMs: durationMs(
    { min: 100, max: HOUR_MS, default: 25 * SECOND_MS },
    {
      group: 'Connections',
      description:
        'How often each connection is pinged; one that has not answered by the next ping is dropped. Keep it below the idle time-out of every proxy on the way.',
    },
  ),
};
