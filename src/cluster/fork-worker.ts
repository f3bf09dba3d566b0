import cluster from 'node:cluster';
import { Duplex } from 'node:stream';
import { linkFd, workerCommand, type FromWorker, type ToWorker } from './crew-messages.ts';

/** A worker's process. */
export interface Forked {
  readonly pid: number;
  /** Its end of the link; undefined where workers have none. */
  readonly link: Duplex | undefined;
  send(message: ToWorker): void;
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
  readonly isLinked: boolean;
}

/**
 * Makes what starts workers: processes of the same program that share the ports they open, each connection going to the next of them
 * in turn. A link is a pipe that the worker inherits: nobody else can open it, and nothing of it stays behind.
 */
export function createFork({ isLinked }: ForkOptions): Fork {
  cluster.schedulingPolicy = cluster.SCHED_RR;
  cluster.setupPrimary({
    args: [workerCommand],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...(isLinked ? (['pipe'] as const) : [])],
  });
  return ({ onMessage, onExit }) => {
    const worker = cluster.fork();
    const link: unknown = worker.process.stdio[linkFd];
    worker.on('message', onMessage);
    // A worker that is gone is told nothing; its exit says so.
    worker.on('error', () => {});
    worker.on('exit', (code, signal) => onExit(signal ?? code));
    return {
      pid: worker.process.pid ?? 0,
      link: link instanceof Duplex ? link : undefined,
      send(message) {
        if (worker.isConnected()) worker.send(message, () => {});
      },
      kill: () => void worker.process.kill('SIGKILL'),
    };
  };
}
