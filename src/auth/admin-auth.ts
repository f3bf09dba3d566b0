import type { AdminKey } from '../config/admin-keys.ts';
import { ApiKeys, type FoundKey } from './api-keys.ts';
import type { Presented } from './listener-auth.ts';

/** Who may look after the server. */
export interface AdminAuth {
  /** False: nobody is asked, and whoever reaches the admin listener may do everything. Then the rest is not used. */
  readonly isOn: boolean;
  /** Who asks, by the headers alone. */
  identify(headers: Presented['headers']): FoundKey<Pick<AdminKey, 'name' | 'role'>>;
}

/** Nobody is asked. */
export const openAdminAuth: AdminAuth = {
  isOn: false,
  identify: () => {
    throw new TypeError('nobody is asked');
  },
};

/** `now`: Unix ms. */
export function createAdminAuth(keys: readonly AdminKey[], now: () => number): AdminAuth {
  if (keys.length === 0) return openAdminAuth;
  const apiKeys = new ApiKeys(keys, now);
  return { isOn: true, identify: (headers) => apiKeys.find(headers) };
}
