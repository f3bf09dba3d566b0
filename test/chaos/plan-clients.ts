import { seeded } from '../unit/seeded.ts';

export interface PlannedClient {
  readonly uid: string;
  readonly types: readonly string[];
  /** Sends `{"ack":mid}` for what it took. */
  readonly acks: boolean;
}

export const messageTypes = ['notice', 'alert', 'news'] as const;

/** The clients of every run of this size, whatever its seed: a third of them share their uid with another. */
export function drawClients(count: number): PlannedClient[] {
  const chance = seeded(count);
  return Array.from({ length: count }, (_, index) => ({
    uid: `u${index % 3 === 2 ? index - 1 : index}`,
    types: messageTypes.filter((type) => type === 'notice' || chance.happens(0.4)),
    acks: chance.happens(0.5),
  }));
}
