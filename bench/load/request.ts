import { headerLines, posterHeaders } from './credentials.ts';
import { uidOf, type LoadPlan } from './plan.ts';
import { STAMP_DIGITS, STAMP_MARK, STAMP_PLACE, writeDigits } from './stamp.ts';

const UID_PLACE = '"topic_ids":["';

/** The bytes of one POST /send, made once per poster; a post only rewrites the digits of its stamps and its uid. */
export class RequestBytes {
  readonly bytes: Buffer;
  readonly #stampOffsets: number[] = [];
  readonly #uidOffset: number;

  constructor(plan: Pick<LoadPlan, 'port' | 'credentials' | 'audience' | 'batch' | 'connections'>) {
    const body = bodyText(plan);
    const head =
      `POST /send HTTP/1.1\r\nHost: 127.0.0.1:${plan.port}\r\nContent-Type: application/json\r\n` +
      `${headerLines(posterHeaders(plan.credentials))}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
    this.bytes = Buffer.from(head + body);
    for (let at = this.bytes.indexOf(STAMP_MARK); at >= 0; at = this.bytes.indexOf(STAMP_MARK, at + STAMP_DIGITS)) {
      this.#stampOffsets.push(at + STAMP_MARK.length);
    }
    const uidAt = this.bytes.indexOf(UID_PLACE);
    this.#uidOffset = uidAt < 0 ? -1 : uidAt + UID_PLACE.length;
  }

  /** Writes the stamp into every envelope, and the uid where the audience is one uid. */
  patch(stampMicros: number, uid: number): Buffer {
    for (const offset of this.#stampOffsets) writeDigits(this.bytes, offset, STAMP_DIGITS, stampMicros);
    if (this.#uidOffset >= 0) writeDigits(this.bytes, this.#uidOffset, 5, uid);
    return this.bytes;
  }
}

function bodyText(plan: Pick<LoadPlan, 'audience' | 'batch' | 'connections'>): string {
  const to = plan.audience === 'all' ? '"topic":"all"' : `"topic":"uids",${UID_PLACE}${uidOf(plan.connections)}"]`;
  const envelope = `{${to},"types":"notice","msg":"${STAMP_PLACE}","time":"2026-11-20 12:00:00"}`;
  return plan.batch === 1 ? envelope : `[${Array.from({ length: plan.batch }, () => envelope).join(',')}]`;
}
