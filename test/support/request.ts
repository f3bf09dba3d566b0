import { request as httpRequest, type Agent, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { within } from './deadline.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body read as JSON; undefined when it is not JSON. */
  readonly json: unknown;
}

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Default: a connection of its own for each request, closed after it. */
  readonly agent?: Agent;
  readonly timeoutMs?: number;
  /** The certificate that an https URL is to be trusted for. */
  readonly ca?: string;
}

/** One HTTP request; resolves with the answer whatever its status, rejects when there is none. */
export function request(url: string, options: RequestOptions = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body, agent = false, timeoutMs, ca } = options;
  const isSecure = url.startsWith('https:');
  const sent = isSecure
    ? httpsRequest(url, { method, headers, agent, ca })
    : httpRequest(url, { method, headers, agent });
  const answered = new Promise<Answer>((resolve, reject) => {
    sent.once('error', reject);
    sent.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parse(text) });
      });
    });
  });
  sent.end(body);
  const answer = within(answered, `an answer to ${method} ${url}`, timeoutMs);
  answer.catch(() => sent.destroy());
  return answer;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
