import type { Message } from '../../src/message/message.ts';

let made = 0;

/** A message with an id of its own, for uid 1. */
export function sampleMessage(parts: Partial<Message> = {}): Message {
  made += 1;
  return {
    id: `m${made}`,
    fingerprint: '',
    uids: ['1'],
    type: 'notice',
    expiresAtMs: 0,
    push: `{"types":"notice","msg":${made},"time":"2026-11-21 12:00:00"}`,
    retracts: 0,
    deliverAtMs: 0,
    ...parts,
  };
}

export function sampleMessages(count: number, parts: Partial<Message> = {}): Message[] {
  return Array.from({ length: count }, () => sampleMessage(parts));
}

/** Push texts that a careless driver changes: on the way into a store, through a line-based text, or back. */
export const nastyPushes: readonly string[] = [
  '{"types":"notice","msg":12345678901234567890,"time":"t"}',
  '{"types":"notice","msg":1.0,"time":"t"}',
  '{"types":"notice","msg":"\u2028\u2029\u0085","time":"t"}',
  '{"types":"notice","msg":"grüße 漢字 🎉 \\"quoted\\" \\\\ \\n \\ud800","time":"t"}',
  '{"types":"notice","msg":{"a" :\t[ 1,2 , {} ]},"time":"t"}',
  '{"types":"notice","msg":"\u0000","time":"t"}',
  '{"types":"notice","msg":"1 2 3","time":"t"}',
  '{"types":"notice","msg":"*3\\r\\n$3\\r\\nSET","time":"t"}',
  `{"types":"notice","msg":"${'é'.repeat(128 * 1024)}","time":"t"}`,
];
