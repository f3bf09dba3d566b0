import { isLoopback } from './host.ts';
import { nameOf } from './keys.ts';
import type { Config } from './schema.ts';
import { takesTokens } from './token-rules.ts';

/** What somebody has to show at each door; null: nothing, whoever reaches it may come in. */
export interface Doors {
  /** Who posts. */
  readonly send: string | null;
  readonly listen: string | null;
  readonly admin: string | null;
}

export function doorsOf(config: Config): Doors {
  const forListeners = [...(takesTokens(config) ? ['a token'] : []), ...(config.tickets ? ['a ticket'] : [])];
  return {
    send: config.keys.length > 0 ? 'a key' : null,
    listen: forListeners.length > 0 ? forListeners.join(' or ') : null,
    admin: config.adminKeys.length > 0 ? 'a key' : null,
  };
}

/** What turns each door's question on, by the names of settings. */
const settingsOf: Readonly<Record<keyof Doors, string>> = {
  send: 'keys',
  listen: 'token-secret, token-key, token-jwks or tickets',
  admin: 'admin-keys',
};

const whoComes: Readonly<Record<keyof Doors, string>> = { send: 'who posts', listen: 'who listens', admin: 'who asks' };

/**
 * One line for each listener that other machines could reach although it asks nobody who he is, and `insecure` does not say that this
 * is meant.
 */
export function exposureErrors(config: Config): readonly string[] {
  if (config.insecure) return [];
  const doors = doorsOf(config);
  return [exposed('host', config, doors, ['send', 'listen']), exposed('adminHost', config, doors, ['admin'])].flat();
}

function exposed(
  key: 'host' | 'adminHost',
  config: Config,
  doors: Doors,
  names: readonly (keyof Doors)[],
): readonly string[] {
  const open = names.filter((name) => doors[name] === null);
  if (open.length === 0 || isLoopback(config[key])) return [];
  const unasked = open.map((name) => `${whoComes[name]} (${settingsOf[name]})`).join(' or ');
  return [
    `${nameOf(key)} ${config[key]} is open to other machines, and nothing asks ${unasked}: ` +
      '`tidings keys > tidings.yaml` makes what asks, for --config=tidings.yaml; ' +
      'or bind to 127.0.0.1 behind a proxy, or pass --insecure if it is meant',
  ];
}
