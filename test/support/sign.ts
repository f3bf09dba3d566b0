import { createHmac } from 'node:crypto';

export interface ToSign {
  readonly secret: string;
  readonly body: string | Uint8Array;
  /** Unix seconds; default: now. */
  readonly at?: number;
  readonly mediaType?: string;
  readonly idempotencyKey?: string;
}

/** The digest that a signed post carries, as a backend makes it. */
export function digestOf({
  secret,
  body,
  at = nowSeconds(),
  mediaType = 'application/json',
  idempotencyKey = '',
}: ToSign): string {
  return createHmac('sha256', secret).update(`${at}\n${mediaType}\n${idempotencyKey}\n`).update(body).digest('hex');
}

/** The headers of a signed post, but for those that any post has. */
export function signed(name: string, toSign: ToSign): Record<string, string> {
  const at = toSign.at ?? nowSeconds();
  return { 'tidings-key': name, 'tidings-signature': `t=${at},v1=${digestOf({ ...toSign, at })}` };
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
