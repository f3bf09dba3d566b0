import { Asked } from './asked.ts';
import type { FromWorker } from './crew-messages.ts';

/** What a worker asks its supervisor. */
export interface SupervisorLine {
  /** Rejects when it does not answer in time, or cannot. What is asked is answered in the order in which it was. */
  ask(name: string, about: unknown): Promise<unknown>;
  /** The same without an answer. */
  tell(name: string, about: unknown): void;
}

/** The longest that a question waits for a supervisor that has much to do. */
const askWaitMs = 1000;

/** The number of what nobody waits for an answer to. */
export const noAnswer = 0;

export function createSupervisorLine(send: (message: FromWorker) => void) {
  const asked = new Asked(askWaitMs);
  const line: SupervisorLine = {
    async ask(name, about) {
      const answers = await asked.ask((ask) => {
        send({ type: 'ask', ask, name, about });
        return Promise.resolve(1);
      });
      const [answer] = answers.values();
      if (answer === undefined || answer === null) throw new Error('The supervisor does not answer.');
      return answer;
    },
    tell: (name, about) => send({ type: 'ask', ask: noAnswer, name, about }),
  };
  return { ...line, answered: (ask: number, answer: unknown): void => asked.replied(ask, 'supervisor', answer) };
}
