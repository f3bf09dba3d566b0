import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** The connections of a server that has no listener: another process accepts them and hands them over. */
export class HandedConnections {
  #server: Server | undefined;
  #count = 0;

  /** How many are open. */
  get count(): number {
    return this.#count;
  }

  open(server: Server): void {
    this.#server = server;
    // From then on Node looks for requests that are late.
    server.emit('listening');
  }

  /** As if the server had accepted it: one beyond its `maxConnections` is closed. */
  take(socket: Socket): void {
    if (this.#server === undefined) return void socket.destroy();
    if (this.#count >= this.#server.maxConnections) {
      this.#server.emit('drop');
      return void socket.destroy();
    }
    this.#count += 1;
    socket.once('close', () => (this.#count -= 1));
    this.#server.emit('connection', socket);
    socket.resume();
  }
}
