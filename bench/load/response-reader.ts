/** Called with the status of each whole response; `head` and body text are there for what was refused. */
export type OnResponse = (status: number, text: string) => void;

const MAX_RESPONSE_BYTES = 1 << 20;

/**
 * Reads the responses of one keep-alive connection that has one request under way: status line and Content-Length,
 * nothing else. A response without Content-Length (chunked) throws.
 */
export class ResponseReader {
  readonly #onResponse: OnResponse;
  #held: Buffer | undefined;

  constructor(onResponse: OnResponse) {
    this.#onResponse = onResponse;
  }

  /** Takes `bytes[0, length)`; the bytes are not kept unless a response is incomplete. */
  push(bytes: Buffer, length: number): void {
    let from = bytes.subarray(0, length);
    if (this.#held !== undefined) from = Buffer.concat([this.#held, from]);
    const bodyStart = from.indexOf('\r\n\r\n') + 4;
    const end = bodyStart < 4 ? Infinity : bodyStart + contentLength(from, bodyStart);
    if (from.length < end) {
      if (from.length > MAX_RESPONSE_BYTES) throw new Error('a response beyond 1 MiB');
      this.#held = Buffer.from(from);
      return;
    }
    if (from.length > end) throw new Error('bytes after the response that nobody asked for');
    this.#held = undefined;
    const status = (from[9]! - 48) * 100 + (from[10]! - 48) * 10 + from[11]! - 48;
    const refused = status < 200 || status > 299;
    this.#onResponse(status, refused ? from.toString('utf8', 0, 400) : '');
  }
}

const CONTENT_LENGTH = 'content-length:';

/** The number after `Content-Length:` in the header lines before `end`. */
function contentLength(bytes: Buffer, end: number): number {
  for (let line = bytes.indexOf(10) + 1; line > 0 && line < end - 2; line = bytes.indexOf(10, line) + 1) {
    let matched = 0;
    while (
      matched < CONTENT_LENGTH.length &&
      (bytes[line + matched]! | 0x20) === (CONTENT_LENGTH.charCodeAt(matched) | 0x20)
    ) {
      matched++;
    }
    if (matched < CONTENT_LENGTH.length) continue;
    let value = 0;
    for (let i = line + matched; bytes[i] !== 13; i++) if (bytes[i] !== 32) value = value * 10 + bytes[i]! - 48;
    return value;
  }
  throw new Error(`no Content-Length in: ${bytes.toString('latin1', 0, Math.min(end, 300))}`);
}
