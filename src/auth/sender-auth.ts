import type { SendKey } from '../config/send-keys.ts';
import { ApiKeys, type FoundKey } from './api-keys.ts';
import type { Presented } from './listener-auth.ts';

/** Who may post. */
export interface SenderAuth {
  /** False: nobody is asked. Then the rest is not used. */
  readonly isOn: boolean;
  /** Who posts, by the headers alone: nothing of a body is read for anybody else. */
  identify(headers: Presented['headers']): FoundKey<SendKey>;
}

/** Nobody is asked. */
export const openSenderAuth: SenderAuth = {
  isOn: false,
  identify: () => {
    throw new TypeError('nobody is asked');
  },
};

/** `now`: Unix ms. */
export function createSenderAuth(keys: readonly SendKey[], now: () => number): SenderAuth {
  if (keys.length === 0) return openSenderAuth;
  const apiKeys = new ApiKeys(keys, now);
  return { isOn: true, identify: (headers) => apiKeys.find(headers) };
}
