import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { LinkOutlet } from './link-frames.ts';

/** Where a process writes the link that it has inherited. */
export function createLinkOutlet(fd: number): LinkOutlet {
  const socket = new Socket({ fd, readable: false, writable: true });
  return {
    get writableLength() {
      return socket.writableLength;
    },
    writeNow(bytes) {
      // Once it is not writable the number may be another file's.
      if (!socket.writable || socket.writableLength > 0) return 0;
      try {
        return writeSync(fd, bytes);
      } catch {
        // The kernel has no room, or the other end is gone: the socket waits, or says so.
        return 0;
      }
    },
    write: (bytes, onTaken) => socket.write(bytes, onTaken),
    on: (event: 'close' | 'error', heed: (error: Error) => void) => socket.on(event, heed),
    end: () => socket.end(),
    destroy: () => socket.destroy(),
  };
}
