import type Router from '@koa/router';
import { answerError } from './admin-answer.ts';
import { adminQueries, readQuery } from './admin-query.ts';

export interface DrainRouteDeps {
  /** Begins to stop this instance, or hurries a stop that is under way. Harmless when repeated. */
  readonly stop: (options: { readonly hurried: boolean }) => void;
  readonly connections: () => Promise<number>;
}

/** `POST /drain`: this instance is to hand its connections over and end. The answer comes at once, with how many there are. */
export function addDrainRoute(router: Router, { stop, connections }: DrainRouteDeps): void {
  router.post('drain', '/drain', async (context) => {
    const query = readQuery(adminQueries.drain, { ...context.query });
    if (!query.ok) return answerError(context, query.error);
    context.status = 202;
    context.body = { status: 'draining', connections: await connections() };
    // Not before it is answered: with few connections the end is near.
    context.res.once('close', () => stop({ hurried: query.value.hurry }));
  });
}
