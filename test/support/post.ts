import { request, type Answer, type RequestOptions } from './request.ts';

/**
 * POSTs to `/send` of the server at `url`. A string or bytes go out as they are, anything else as JSON; the media type is
 * application/json unless the headers say otherwise.
 */
export function post(
  url: string,
  body: unknown,
  options: Omit<RequestOptions, 'method' | 'body'> = {},
): Promise<Answer> {
  const encoded = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  return request(`${url}/send`, {
    ...options,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...options.headers },
    body: encoded,
  });
}
