import { fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { LinkEnds } from './link-frames.ts';
import { createLinkSource } from './link-source.ts';
import { linkFds, workerCommand, type FromWorker, type ToWorker } from './crew-messages.ts';

/** A worker's process. */
export interface Forked {
  readonly pid: number;
  /** False: it has ended, or is about to, and `onExit` is still to come. */
  readonly isReached: boolean;
  /** How many connections it was given and has not said that it has. */
  readonly onTheirWay: number;
  /** The supervisor's end of the link; undefined where workers have none. */
  readonly link: LinkEnds | undefined;
  /** In order. */
  send(message: ToWorker): void;
  /**
   * Gives it a connection, which is closed here once the worker says that it has it. `onLost` is called when the worker is gone before;
   * `isWhole`: it cannot have seen the connection, which may be given to another.
   */
  give(socket: Socket, onLost: (isWhole: boolean) => void): void;
  /** At once, whatever it does. */
  kill(): void;
}

export interface ForkEvents {
  onMessage(message: FromWorker): void;
  /** Once, when the process is gone. `how`: its exit code, or the signal that ended it. */
  onExit(how: number | string): void;
}

export type Fork = (events: ForkEvents) => Forked;

export interface ForkOptions {
  /** The file of this program. */
  readonly program: string;
  readonly isLinked: boolean;
}

/** A connection that the worker has not said that it has. */
interface Given {
  readonly socket: Socket;
  readonly onLost: (isWhole: boolean) => void;
  isSent: boolean;
}

/**
 * Makes what starts workers: processes of the same program. A link is two pipes that the worker inherits: nobody else can open them, and
 * nothing of them stays behind.
 */
export function createFork({ program, isLinked }: ForkOptions): Fork {
  return ({ onMessage, onExit }) => {
    const given = new Map<number, Given>();
    let last = 0;
    const child = fork(program, [workerCommand], {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...(isLinked ? (['pipe', 'pipe'] as const) : [])],
    });
    const link = endsOf(child.stdio);
    let isGone = false;
    const gone = (how: number | string): void => {
      if (isGone) return;
      isGone = true;
      onExit(how);
      for (const { onLost, isSent } of given.values()) onLost(!isSent);
      given.clear();
    };
    child.on('message', (value) => {
      const message = value as FromWorker;
      if (message.type === 'taken') taken(message.number);
      // That as well: while many connections are on their way to it, all else that it is sent waits for them, and so do its pongs.
      onMessage(message);
    });
    // Where it could not be started there is no exit; what cannot be sent any more is said by the exit.
    child.on('error', (error) => {
      if (child.pid === undefined) gone(error.message);
    });
    child.on('exit', (code, signal) => gone(signal ?? code ?? 'an unknown end'));

    function taken(number: number): void {
      given.get(number)?.socket.destroy();
      given.delete(number);
    }

    return {
      pid: child.pid ?? 0,
      get isReached() {
        return child.connected;
      },
      get onTheirWay() {
        return given.size;
      },
      link,
      send(message) {
        if (child.connected) child.send(message, () => {});
      },
      give(socket, onLost) {
        last += 1;
        const item: Given = { socket, onLost, isSent: false };
        given.set(last, item);
        // Kept open: Node would forget about those that the worker has not got when it dies, and their clients would wait for ever.
        const message: ToWorker = { type: 'connection', number: last };
        child.send(message, socket, { keepOpen: true }, () => (item.isSent = true));
      },
      kill: () => void child.kill('SIGKILL'),
    };
  };
}

/** Of the pipes that a worker was given. */
function endsOf(stdio: readonly unknown[]): LinkEnds | undefined {
  const written = stdio[linkFds.written];
  const read = stdio[linkFds.read];
  if (!(written instanceof Duplex && read instanceof Duplex)) return undefined;
  // So that it hears of the other end's end.
  read.resume();
  return { source: createLinkSource(written), outlet: read };
}
