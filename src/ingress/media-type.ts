import type { IncomingHttpHeaders } from 'node:http';
import type { PostFormat } from '../message/read-post.ts';

const formats: ReadonlyMap<string, PostFormat> = new Map([
  ['application/json', 'json'],
  ['application/x-ndjson', 'ndjson'],
  ['application/ndjson', 'ndjson'],
  ['application/jsonl', 'ndjson'],
]);

/** How the body is written, or a sentence that says why it cannot be read. */
export function readMediaType(headers: IncomingHttpHeaders): { format: PostFormat } | { refusal: string } {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    return { refusal: `A body with Content-Encoding ${printable(encoding)} is not read; send it as it is.` };
  }
  const header = headers['content-type'];
  if (header === 'application/json') return { format: 'json' };
  if (header === undefined)
    return { refusal: 'There is no Content-Type; send application/json or application/x-ndjson.' };
  const [name = '', ...parameters] = header.split(';').map((part) => part.trim().toLowerCase());
  const format = formats.get(name);
  if (format === undefined) {
    return { refusal: `Content-Type is ${printable(name)}; send application/json or application/x-ndjson.` };
  }
  const charset = parameters
    .find((parameter) => parameter.startsWith('charset='))
    ?.slice(8)
    .replaceAll('"', '');
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') {
    return { refusal: `The charset ${printable(charset)} is not read; send UTF-8.` };
  }
  return { format };
}

function printable(text: string): string {
  return text.slice(0, 100).replace(/[^\x20-\x7e]/g, '?');
}
