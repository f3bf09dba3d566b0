import { connect, type Socket } from 'node:net';
import type { LoadPlan } from './plan.ts';
import { RequestBytes } from './request.ts';
import { ResponseReader } from './response-reader.ts';

/** Told of each answer; `text` holds the response when the status is not 2xx. A lost connection is status 0. */
export type OnAnswer = (poster: Poster, status: number, text: string) => void;

const readBuffer = Buffer.allocUnsafe(64 * 1024);

/** One keep-alive HTTP connection that posts; at most one request is under way. */
export class Poster {
  readonly #socket: Socket;
  readonly #request: RequestBytes;
  readonly #reader: ResponseReader;

  constructor(plan: LoadPlan, onAnswer: OnAnswer) {
    this.#request = new RequestBytes(plan);
    this.#reader = new ResponseReader((status, text) => onAnswer(this, status, text));
    this.#socket = connect({
      host: '127.0.0.1',
      port: plan.port,
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (length) => {
          try {
            this.#reader.push(readBuffer, length);
          } catch (error) {
            this.#socket.destroy(error as Error);
          }
          return true;
        },
      },
    });
    this.#socket.on('error', (error) => onAnswer(this, 0, error.message));
    this.#socket.on('close', () => onAnswer(this, 0, 'connection closed'));
  }

  /** Only when the last post is answered: the request's bytes are used again. */
  post(stampMicros: number, uid: number): void {
    this.#socket.write(this.#request.patch(stampMicros, uid));
  }

  end(): void {
    this.#socket.removeAllListeners();
    this.#socket.on('error', () => {});
    this.#socket.resetAndDestroy();
  }
}
