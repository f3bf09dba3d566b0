import type { IncomingMessage } from 'node:http';

/** What a primary answered; `isReady` is false also when it did not. */
export type PrimaryAnswer =
  { readonly isReady: true; readonly instance: string } | { readonly isReady: false; readonly reason: string };

export interface AskOptions {
  /** Where the primary's public listener is, `http://primary:3210`. */
  readonly url: string;
  /** In how long the whole answer must be here. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** More than /readyz ever says. */
const maxAnswerChars = 16_384;

/** What is shown of a reason that another process gives. */
const maxReasonChars = 200;

/**
 * Asks `/readyz` of another instance, over a connection of its own: one that was opened before proves nothing. A redirect is no
 * answer. Never rejects.
 */
export async function askPrimary({ url, deadlineMs, signal }: AskOptions): Promise<PrimaryAnswer> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
  try {
    const response = await get(`${url}/readyz`, within);
    const text = await textOf(response);
    const { status, instance, reason } = readAnswer(text);
    if (response.statusCode === 200 && status === 'ready' && typeof instance === 'string') {
      return { isReady: true, instance };
    }
    const said =
      typeof reason === 'string'
        ? reason.slice(0, maxReasonChars)
        : `it answers ${response.statusCode}, and not as Tidings does`;
    return { isReady: false, reason: said };
  } catch (error) {
    const reason = within.aborted ? `it does not answer within ${deadlineMs} ms` : describe(error);
    return { isReady: false, reason };
  }
}

async function get(url: string, signal: AbortSignal): Promise<IncomingMessage> {
  const { request } = url.startsWith('https:') ? await import('node:https') : await import('node:http');
  return new Promise((resolve, reject) => {
    const asking = request(url, { agent: false, signal }).once('error', reject).once('response', resolve);
    // Who answers with an upgrade that nobody asked for is cut off without a word.
    asking.once('close', () => reject(new Error('it answers, and not as Tidings does'))).end();
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length > maxAnswerChars) throw new Error('its answer is too long');
  }
  return text;
}

function readAnswer(text: string): { status?: unknown; instance?: unknown; reason?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'it cannot be asked';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
