import { fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { linkFd, workerCommand, type FromWorker, type ToWorker } from './crew-messages.ts';

/** A worker's process. */
export interface Forked {
  readonly pid: number;
  /** The supervisor's end of the link; undefined where workers have none. */
  readonly link: Duplex | undefined;
  /** In order. With a socket: it is the worker's then; `onLost` is called when it did not get there. */
  send(message: ToWorker, socket?: Socket, onLost?: () => void): void;
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

/**
 * Makes what starts workers: processes of the same program. A link is a pipe that the worker inherits: nobody else can open it, and
 * nothing of it stays behind.
 */
export function createFork({ program, isLinked }: ForkOptions): Fork {
  return ({ onMessage, onExit }) => {
    const child = fork(program, [workerCommand], {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...(isLinked ? (['pipe'] as const) : [])],
    });
    const link: unknown = child.stdio[linkFd];
    let isGone = false;
    const gone = (how: number | string): void => {
      if (isGone) return;
      isGone = true;
      onExit(how);
    };
    child.on('message', (message) => onMessage(message as FromWorker));
    // Where it could not be started there is no exit; what cannot be sent any more is said by the exit.
    child.on('error', (error) => {
      if (child.pid === undefined) gone(error.message);
    });
    child.on('exit', (code, signal) => gone(signal ?? code ?? 'an unknown end'));
    return {
      pid: child.pid ?? 0,
      link: link instanceof Duplex ? link : undefined,
      send(message, socket, onLost = () => {}) {
        if (!child.connected) return onLost();
        child.send(message, socket, { keepOpen: false }, (error) => {
          if (error !== null) onLost();
        });
      },
      kill: () => void child.kill('SIGKILL'),
    };
  };
}
