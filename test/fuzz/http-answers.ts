/** One HTTP answer as it came. Header names are in lower case; of a header that is repeated the last counts. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

export type ReadAnswer =
  | { readonly kind: 'answer'; readonly answer: HttpAnswer; readonly rest: Buffer }
  /** More bytes are needed. */
  | { readonly kind: 'part' }
  | { readonly kind: 'wrong'; readonly reason: string };

const headEnd = Buffer.from('\r\n\r\n');

/**
 * Reads the first answer of what a server has sent. It must be whole, by the book, and of a stated length: that is how this server answers.
 * `hasBody` is false for an answer to HEAD.
 */
export function readAnswer(bytes: Buffer, hasBody: boolean): ReadAnswer {
  const end = bytes.indexOf(headEnd);
  if (end < 0) return bytes.length > 65_536 ? { kind: 'wrong', reason: 'a head without end' } : { kind: 'part' };
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) [ -~]*$/.exec(statusLine)?.[1]);
  if (Number.isNaN(status)) return { kind: 'wrong', reason: `the status line ${JSON.stringify(statusLine)}` };
  const headers = new Map<string, string>();
  for (const line of lines) {
    const match = /^([!#$%&'*+.^_`|~\w-]+): ([\t -~\x80-\xff]*)$/.exec(line);
    if (match === null) return { kind: 'wrong', reason: `the header line ${JSON.stringify(line)}` };
    headers.set((match[1] ?? '').toLowerCase(), match[2] ?? '');
  }
  const bodyAt = end + headEnd.length;
  const length = headers.get('content-length');
  if (status < 200 || status === 204 || status === 304 || !hasBody) {
    return { kind: 'answer', answer: { status, headers, body: Buffer.alloc(0) }, rest: bytes.subarray(bodyAt) };
  }
  if (length === undefined || !/^\d+$/.test(length))
    return { kind: 'wrong', reason: `no length of the body of a ${status}` };
  const nextAt = bodyAt + Number(length);
  if (bytes.length < nextAt) return { kind: 'part' };
  return {
    kind: 'answer',
    answer: { status, headers, body: bytes.subarray(bodyAt, nextAt) },
    rest: bytes.subarray(nextAt),
  };
}

/**
 * All answers of a connection that is over. What stands at the end may be cut off, since the client may have ended it first. An answer
 * whose body does not follow is one to HEAD.
 */
export function readAnswers(
  bytes: Buffer,
): { readonly answers: readonly HttpAnswer[]; readonly rest: Buffer } | { readonly reason: string } {
  const answers: HttpAnswer[] = [];
  for (let rest = bytes; ;) {
    const headLength = rest.indexOf(headEnd) + headEnd.length;
    const isBodyless =
      headLength >= headEnd.length && /^HTTP\/1\.1 \d/.test(rest.toString('latin1', headLength, headLength + 10));
    const read = readAnswer(rest, !isBodyless);
    if (read.kind === 'wrong') return { reason: read.reason };
    if (read.kind === 'part') return { answers, rest };
    answers.push(read.answer);
    rest = read.rest;
    if (read.answer.status === 101) return { answers, rest };
  }
}
