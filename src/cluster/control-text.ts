/** A question as it goes over the control channel. */
export interface AskText {
  /** The instance that asks, and its number of the question: where the answer goes. */
  readonly from: string;
  readonly ask: number;
  readonly name: string;
  readonly about: unknown;
}

/** An answer as it goes over the channel of the instance that asked. */
export interface ReplyText {
  readonly from: string;
  readonly reply: number;
  /** Null: this instance cannot answer that. */
  readonly answer: unknown;
}

/** No question and no answer is longer, in UTF-16 units: whatever else is on the channel is not read. */
const maxLength = 1024 * 1024;

/** The names of instances end up in the names of channels. */
const instanceName = /^[\w-]{1,64}$/;

/** Undefined: not a question that an instance has asked. */
export function readAsk(text: string): AskText | undefined {
  const value = parse(text);
  if (value === undefined) return undefined;
  const { from, ask, name, about } = value;
  return isInstance(from) && isNumber(ask) && typeof name === 'string' ? { from, ask, name, about } : undefined;
}

/** Undefined: not an answer that an instance has given. */
export function readReply(text: string): ReplyText | undefined {
  const value = parse(text);
  if (value === undefined) return undefined;
  const { from, reply, answer } = value;
  return isInstance(from) && isNumber(reply) ? { from, reply, answer: answer ?? null } : undefined;
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  if (text.length > maxLength) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isInstance(value: unknown): value is string {
  return typeof value === 'string' && instanceName.test(value);
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
