import { Handlers, readAnswers } from './handlers.ts';
import type { Peers } from './peers.ts';

/** The peers of an instance that has none: it asks itself. `handlers`: where others look for its answers as well. */
export function createOneInstance(handlers: Handlers = new Handlers()): Peers {
  return {
    start: () => Promise.resolve(),
    handle: (question, handler) => handlers.add(question, handler),
    ask(question, about) {
      const answers = readAnswers(question, [handlers.answer(question.name, about)]);
      return Promise.resolve({ answers, instances: 1 });
    },
    stop: () => Promise.resolve(),
  };
}
