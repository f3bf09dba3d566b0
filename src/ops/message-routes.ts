import type Router from '@koa/router';
import type { Context } from 'koa';
import { maxItemIdLength } from '../wire/limits.ts';
import { answerError } from './admin-answer.ts';
import { questionRoute } from './admin-guard.ts';
import { adminQueries, readQuery } from './admin-query.ts';
import type { MessageDesk } from './message-desk.ts';
import { readJson } from './read-json.ts';
import type { TakeBack } from './take-back.ts';

export interface MessageRouteOptions {
  readonly maxBodyBytes: number;
}

/** An id may hold slashes, as those of a batch do: `key/0`. */
const path = '/messages/*id';

/** What became of one message, and the taking back of it. */
export function addMessageRoutes(router: Router, desk: MessageDesk, { maxBodyBytes }: MessageRouteOptions): void {
  const { readMessage, takeBack } = desk;

  async function answerMessage(context: Context, id: string, uids: readonly string[] | undefined): Promise<void> {
    const document = isId(id) ? await readMessage(id, uids) : undefined;
    if (document === undefined) answerError(context, { code: 'unknown_message' });
    else context.body = document;
  }

  router.get(path, async (context) => {
    const query = readQuery(adminQueries.uids, { ...context.query });
    if (!query.ok) return answerError(context, query.error);
    return answerMessage(context, context.params['id'] ?? '', query.value);
  });

  // The same question for more uids than fit into a query.
  router.post(questionRoute, path, async (context) => {
    const query = readQuery(adminQueries.nothing, { ...context.query });
    if (!query.ok) return answerError(context, query.error);
    const body = await readJson(context.req, maxBodyBytes);
    if (!body.ok) return answerError(context, body.error);
    const uids = readQuery(adminQueries.uidsBody, body.value);
    if (!uids.ok) return answerError(context, uids.error);
    return answerMessage(context, context.params['id'] ?? '', uids.value.uids);
  });

  router.delete('retract', path, async (context) => {
    const query = readQuery(adminQueries.nothing, { ...context.query });
    if (!query.ok) return answerError(context, query.error);
    const id = context.params['id'] ?? '';
    const result: TakeBack = isId(id) ? await takeBack(id) : { state: 'unknown' };
    switch (result.state) {
      case 'unknown':
        return answerError(context, { code: 'unknown_message' });
      case 'busy':
        return answerError(context, { code: 'being_handed_on' });
      case 'gone':
        return answerError(context, { code: 'message_gone', message: goneMessages[result.reason] });
      case 'retracted':
      case 'cancelled':
        context.body = { id, state: result.state, mid: result.mid };
    }
  });
}

const goneMessages = {
  expired: 'Its timeout is over: nobody gets it any more who has not got it.',
  not_kept: 'It is no longer kept: nobody gets it any more who has not got it.',
  failed: 'Its job has failed: nobody gets it unless the job is tried again. See /failed.',
  lost: 'It was lost on its way to the journal: nobody got it.',
  retracted: undefined,
  cancelled: undefined,
} as const;

/** What no message can have is not asked for. */
function isId(text: string): boolean {
  return text.length <= maxItemIdLength && /^[\x21-\x7e]+$/.test(text);
}
