import type { Duplex } from 'node:stream';
import type { LinkSource } from './link-frames.ts';

/** What a socket reads with. `pause` does not stop it: the next chunk is read, and wakes this process, all the same. */
const handleName = '_handle';

interface Reading {
  readStart(): unknown;
  readStop(): unknown;
}

/** A socket that may leave what comes with the kernel for a while. Where Node has no such handle any more, it is read as it comes. */
export function createLinkSource(socket: Duplex): LinkSource {
  let isResting = false;
  const on = (event: string, heed: (...args: never[]) => void): unknown =>
    socket.on(event, heed as (...args: unknown[]) => void);
  return {
    on,
    destroy: () => socket.destroy(),
    rest(shallRest) {
      if (shallRest === isResting) return;
      isResting = shallRest;
      const handle = (socket as { readonly [handleName]?: Partial<Reading> | null })[handleName];
      if (shallRest) handle?.readStop?.();
      else handle?.readStart?.();
    },
  };
}
