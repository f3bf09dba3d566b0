import type Router from '@koa/router';
import type { Context } from 'koa';
import type { z } from 'zod';
import { answerError } from './admin-answer.ts';
import { adminQueries, readQuery, type ReadQuery } from './admin-query.ts';
import { readJson } from './read-json.ts';
import { nameTarget } from './audit.ts';
import type { Acted, UserDesk, UserDocument } from './user-desk.ts';
import { uidSchema, userQueries } from './user-queries.ts';

export interface UserRouteOptions {
  readonly maxBodyBytes: number;
}

/** What is known of a uid, and what an operator can do to it. */
export function addUserRoutes(router: Router, desk: UserDesk, { maxBodyBytes }: UserRouteOptions): void {
  async function read<T>(context: Context, schema: z.ZodType<T>): Promise<ReadQuery<{ uid: string; body: T }>> {
    const query = readQuery(adminQueries.nothing, { ...context.query });
    if (!query.ok) return query;
    // The router hands on what is no percent-encoding as it was written: another uid than was meant.
    const uid = readQuery(uidSchema, isEncoded(context.path) ? context.params['uid'] : undefined);
    if (!uid.ok) return { ok: false, error: { ...uid.error, details: [{ path: 'uid', message: 'is no uid' }] } };
    // Without a body it is as if that were empty.
    const json = hasBody(context) ? await readJson(context.req, maxBodyBytes) : ({ ok: true, value: {} } as const);
    if (!json.ok) return json;
    const body = readQuery(schema, json.value);
    return body.ok ? { ok: true, value: { uid: uid.value, body: body.value } } : body;
  }

  /** A route that reads the uid of its path and its body, and answers with a document. */
  function answering<T>(
    schema: z.ZodType<T>,
    answer: (uid: string, body: T) => Promise<UserDocument | Acted> | 'nothing_to_revoke',
  ) {
    return async (context: Context): Promise<void> => {
      const asked = await read(context, schema);
      if (!asked.ok) return answerError(context, asked.error);
      const answered = await answer(asked.value.uid, asked.value.body);
      if (typeof answered === 'string') return answerError(context, { code: answered });
      context.body = answered;
    };
  }

  const nothing = adminQueries.nothing;
  router.get(
    '/users/:uid',
    answering(nothing, (uid) => desk.read(uid)),
  );
  router.post(
    'disconnect',
    '/users/:uid/disconnect',
    answering(nothing, (uid) => desk.act(uid, { kind: 'disconnect' })),
  );
  router.post(
    'block',
    '/users/:uid/block',
    answering(userQueries.block, (uid, { ttl }) => desk.block(uid, ttl)),
  );
  router.delete(
    'unblock',
    '/users/:uid/block',
    answering(nothing, (uid) => desk.act(uid, { kind: 'unblock' })),
  );
  router.post(
    'revoke',
    '/users/:uid/revoke',
    answering(userQueries.revoke, (uid, { before }) =>
      desk.asksListeners ? desk.revoke(uid, before) : 'nothing_to_revoke',
    ),
  );
  router.delete(
    'unrevoke',
    '/users/:uid/revoke',
    answering(nothing, (uid) => desk.act(uid, { kind: 'unrevoke' })),
  );

  router.post('ticket', '/tickets', async (context) => {
    const query = readQuery(nothing, { ...context.query });
    if (!query.ok) return answerError(context, query.error);
    const json = await readJson(context.req, maxBodyBytes);
    if (!json.ok) return answerError(context, json.error);
    const order = readQuery(userQueries.ticket, json.value);
    if (!order.ok) return answerError(context, order.error);
    nameTarget(context.req, order.value.uid);
    const issued = desk.issue(order.value);
    if (issued === undefined) return answerError(context, { code: 'no_tickets' });
    context.body = await issued;
    context.status = 201;
  });
}

function hasBody({ req: { headers } }: Context): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

function isEncoded(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}
