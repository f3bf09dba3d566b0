import type { IncomingMessage } from 'node:http';
import type { AdminError } from './admin-answer.ts';

export type ReadJson =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: AdminError };

/** Reads a request's JSON body, at most `maxBytes` of it. When the client goes away first, the error is for nobody. */
export async function readJson(request: IncomingMessage, maxBytes: number): Promise<ReadJson> {
  const [mediaType] = (request.headers['content-type'] ?? '').split(';');
  if (mediaType?.trim().toLowerCase() !== 'application/json') {
    return { ok: false, error: { code: 'unsupported_media_type', message: 'Send application/json.' } };
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      // The rest is read and dropped: closed on bytes that nobody has read, the connection would be reset and the answer lost.
      if (bytes <= maxBytes) chunks.push(chunk);
    }
  } catch {
    return { ok: false, error: { code: 'invalid_request', message: 'The body did not arrive whole.' } };
  }
  if (bytes > maxBytes) {
    const message = `The body is larger than --max-body, ${maxBytes} bytes.`;
    return { ok: false, error: { code: 'body_too_large', message } };
  }
  try {
    return { ok: true, value: JSON.parse(Buffer.concat(chunks).toString('utf8')) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unreadable';
    return { ok: false, error: { code: 'invalid_json', message: `The body is not JSON: ${reason}.` } };
  }
}
