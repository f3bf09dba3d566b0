import type { Presented, Refused } from './listener-auth.ts';

export interface PresentedTokenOptions {
  /** The name of the cookie that may hold a token; null: none. */
  readonly tokenCookie: string | null;
  readonly maxTokenBytes: number;
}

/** Whether a page may use the cookies of the browser that it is in. */
export type MayUseCookie = (headers: Presented['headers']) => boolean;

/** Undefined: none is presented. */
export type PresentedToken = { readonly ok: true; readonly token: string | undefined } | Refused;

/** What a token stands behind in `Sec-WebSocket-Protocol`, since a browser page has no other header to put it in. */
export const tokenProtocolPrefix = 'token.';

/**
 * The token or ticket of a request: `?token=`, a subprotocol `token.…`, `Authorization: Bearer …` or the cookie. The same one may stand in
 * several places. A cookie counts for pages that may use it: a browser sends it along whoever asks.
 */
export function readPresentedToken(
  { query, headers }: Presented,
  mayUseCookie: MayUseCookie,
  { tokenCookie, maxTokenBytes }: PresentedTokenOptions,
): PresentedToken {
  const bearer = readBearer(headers['authorization']);
  if (bearer === null)
    return refused('unauthenticated', 'The header Authorization must be: Bearer, a space, the token.');
  const cookies = tokenCookie === null ? [] : readCookies(headers['cookie'], tokenCookie);
  const explicit = [...query.getAll('token'), ...readProtocols(headers['sec-websocket-protocol']), ...bearer];
  if (cookies.length > 0 && !mayUseCookie(headers)) {
    if (explicit.length === 0) {
      return refused(
        'forbidden',
        'A cookie counts only for a page of an allowed origin (--origins; * allows none here).',
      );
    }
    cookies.length = 0;
  }
  const [token, ...others] = new Set([...explicit, ...cookies]);
  if (others.length > 0) return refused('invalid_listen', 'Two different tokens are presented: present one.');
  if (token === undefined) return { ok: true, token };
  if (token === '') return refused('unauthenticated', 'The token is empty.');
  if (token.length > maxTokenBytes || Buffer.byteLength(token) > maxTokenBytes) {
    return refused('unauthenticated', `The token is longer than --max-token (${maxTokenBytes} bytes).`);
  }
  return { ok: true, token };
}

type Header = Presented['headers'][string];

/** Null: it is meant for us and cannot be read. Other schemes, such as a proxy's Basic, are somebody else's. */
function readBearer(header: Header): readonly string[] | null {
  if (typeof header !== 'string' || !/^bearer(\s|$)/i.test(header)) return [];
  const [, token] = /^bearer +([\w.~+/-]+=*)\s*$/i.exec(header) ?? [];
  return token === undefined ? null : [token];
}

function readProtocols(header: Header): readonly string[] {
  if (typeof header !== 'string') return [];
  return header
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name.startsWith(tokenProtocolPrefix))
    .map((name) => name.slice(tokenProtocolPrefix.length));
}

function readCookies(header: Header, name: string): string[] {
  if (typeof header !== 'string') return [];
  return header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1).replace(/^"(.*)"$/, '$1'));
}

function refused(code: Refused['code'], message: string): Refused {
  return { ok: false, code, message };
}
