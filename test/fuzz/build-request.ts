/** How the end of a body is told. */
export type Framing = 'length' | 'chunked';

export interface RequestShape {
  readonly method: string;
  readonly target: string;
  /** In latin1, without line breaks; neither the length nor the coding of the body, which are made here. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer | null;
  readonly framing: Framing;
  readonly version: '1.0' | '1.1';
}

/** The chunks of a body that is sent in chunks. */
const chunkBytes = 700;

/** The bytes of a request that is well framed, whatever else is wrong with it. */
export function buildRequest({ method, target, headers, body, framing, version }: RequestShape): Buffer {
  const lines = [`${method} ${target} HTTP/${version}`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  // HTTP/1.0 knows no chunks.
  const isChunked = framing === 'chunked' && version === '1.1';
  if (body !== null) lines.push(isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`);
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  if (body === null) return head;
  return Buffer.concat([head, isChunked ? inChunks(body) : body]);
}

function inChunks(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += chunkBytes) {
    const chunk = body.subarray(at, at + chunkBytes);
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}
