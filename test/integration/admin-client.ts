import assert from 'node:assert/strict';
import type { MessageDocument } from '../../src/ops/message-document.ts';
import { eventually } from '../support/deadline.ts';
import { post } from '../support/post.ts';
import { request, type Answer, type RequestOptions } from '../support/request.ts';

/** What the admin listener of an instance says and does about messages. */
export interface AdminClient {
  /** The document of a message; fails when there is none. `query`: `uids=1,2`. */
  message(id: string, query?: string): Promise<MessageDocument>;
  /** Resolves with the document once there is one and `holds` is true of it. */
  until(id: string, holds: (document: MessageDocument) => boolean, query?: string): Promise<MessageDocument>;
  takeBack(id: string): Promise<Answer>;
  ask(path: string, options?: RequestOptions): Promise<Answer>;
}

export function adminOf({ adminUrl }: { readonly adminUrl: string }): AdminClient {
  const ask: AdminClient['ask'] = (path, options) => request(`${adminUrl}${path}`, options);
  const get = (id: string, query = ''): Promise<Answer> => ask(`/messages/${encodeURIComponent(id)}?${query}`);
  const message: AdminClient['message'] = async (id, query) => {
    const answer = await get(id, query);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8');
    return answer.json as MessageDocument;
  };
  return {
    ask,
    message,
    takeBack: (id) => ask(`/messages/${encodeURIComponent(id)}`, { method: 'DELETE' }),
    until(id, holds, query) {
      let last: Answer | undefined;
      return eventually(
        async () => {
          last = await get(id, query);
          // With bullmq a message whose id is not the caller's is not known until a worker has appended it.
          assert.ok(last.status === 200 || last.status === 404, last.text);
          const document = last.json as MessageDocument;
          return last.status === 200 && holds(document) ? document : undefined;
        },
        () => `the document of ${id} to say so; the last: ${last?.text}`,
      );
    },
  };
}

/** Posts a message that is accepted, and gives its id. */
export async function accepted({ url }: { readonly url: string }, envelope: object): Promise<string> {
  const answer = await post(url, envelope);
  assert.equal(answer.status, 202, answer.text);
  return (answer.json as { id: string }).id;
}
