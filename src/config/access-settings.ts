import { KIB } from './amounts.ts';
import { secret } from './kinds.ts';

/** Who may post, listen and look after the server, and how each says who he is. */
export const accessSettings = {
  adminKey: secret(
    { minBytes: 1, maxBytes: KIB },
    {
      group: 'Access',
      description:
        'The key of the admin listener that `tidings drain` shows; the server itself does not use it. Other users of the machine can read flags: put it into the environment.',
    },
  ),
};
