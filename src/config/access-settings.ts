import { parseAdminKeys } from './admin-keys.ts';
import { KIB } from './amounts.ts';
import { count, keyList, secret, truth } from './kinds.ts';
import { parseSendKeys } from './send-keys.ts';

/** Who may post, listen and look after the server, and how each says who he is. */
export const accessSettings = {
  tickets: truth(false, {
    group: 'Access',
    description:
      'Listeners come with a ticket, which the backend asks the admin listener for (POST /tickets) and which is good for one connection.',
  }),
  keys: keyList(parseSendKeys, {
    group: 'Access',
    description:
      'Who may post: with any key here, a post without one of them is answered 401. Each has a name, a hash (or hmac-secret, or hmac-secret-file) and may have all, uids, types, rate and expires; tidings keys makes some.',
  }),
  maxPosts: count(
    'posts a second',
    { min: 0, max: 1_000_000, default: 0 },
    {
      group: 'Access',
      description:
        'Most posts a second that this instance takes from all together, each envelope of a batch counted; further ones are answered 429. 0: as many as come.',
    },
  ),
  adminKeys: keyList(parseAdminKeys, {
    group: 'Access',
    description:
      'Who may use the admin listener: with any key here, whoever asks without one of them is answered 401. Each has a name, a hash, a role (read, or write to change something as well) and may have expires.',
  }),
  maxShutOut: count(
    'uids',
    { min: 1, max: 1_000_000, default: 100_000 },
    {
      group: 'Access',
      description:
        'Most uids that are blocked or have something revoked; whoever would block or revoke one more is answered 409. Each takes about 150 bytes in every process.',
    },
  ),
  adminKey: secret(
    { minBytes: 1, maxBytes: KIB },
    {
      group: 'Access',
      description:
        'The key of the admin listener that `tidings drain` shows; the server itself does not use it. Other users of the machine can read flags: put it into the environment.',
    },
  ),
};
