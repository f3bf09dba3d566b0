import { ticketPlace } from './credentials.ts';

const ticketForm = /tkt_[\w-]{43}/;

/** The newest tickets are kept: older ones were used, or are over. */
const mostKept = 50;

/**
 * Tickets that the server under test gave out. They are the one thing of an input that its seed does not tell: where it has the place of
 * one, one that was given out is put there, which has as many characters.
 */
export class Purse {
  readonly #tickets: string[] = [];

  keep(answer: string): void {
    const ticket = ticketForm.exec(answer)?.[0];
    if (ticket === undefined) return;
    this.#tickets.push(ticket);
    if (this.#tickets.length > mostKept) this.#tickets.shift();
  }

  /** The bytes with a ticket in its place. */
  fill(bytes: Buffer): Buffer {
    if (!bytes.includes(ticketPlace)) return bytes;
    const ticket = this.#tickets.shift();
    return ticket === undefined ? bytes : Buffer.from(bytes.toString('latin1').replace(ticketPlace, ticket), 'latin1');
  }
}
