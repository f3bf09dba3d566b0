import type { Crew } from './crew.ts';
import { Handlers, readAnswers } from './handlers.ts';
import type { Peers } from './peers.ts';

/** The peers of a supervisor whose deployment is its own workers: it asks them and itself. */
export function createCrewPeers(crew: Pick<Crew, 'ask'>): Peers {
  const handlers = new Handlers();
  return {
    start: () => Promise.resolve(),
    handle: (question, handler) => handlers.add(question, handler),
    async ask(question, about) {
      const own = readAnswers(question, [handlers.answer(question.name, about)]);
      const { answers, instances } = await crew.ask(question, about);
      return { answers: [...own, ...answers], instances: instances + 1 };
    },
    stop: () => Promise.resolve(),
  };
}
