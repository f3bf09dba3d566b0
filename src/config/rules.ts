import { describeQueue } from './queue-url.ts';
import type { Config } from './schema.ts';
import type { Source } from './source.ts';
import { formatDurationMs } from './units.ts';
import { signatureWindowMs } from '../wire/limits.ts';

/** Where each setting of a configuration came from. */
export type Sources = Readonly<Record<keyof Config, Source>>;

/**
 * One line if both listeners were given the same port on purpose. An admin port by default is not looked at: the caller
 * may move it.
 */
export function portErrors(config: Config, sources: Sources): readonly string[] {
  const same = config.port !== 0 && config.port === config.adminPort && config.host === config.adminHost;
  if (!same || sources.adminPort === 'default') return [];
  return [`port and admin-port are both ${config.port}; give the listeners a port each`];
}

/** One line if a directory is named for a queue that keeps nothing in it. */
export function dataDirErrors({ dataDir, queue }: Pick<Config, 'dataDir' | 'queue'>): readonly string[] {
  if (dataDir === null || queue.kind === 'list') return [];
  return [
    `data-dir is for the queue list, and the queue is ${describeQueue(queue)}, which keeps what is accepted in Redis: ` +
      'leave one of the two out',
  ];
}

/** One line if a certificate has no key, or a key no certificate. */
export function tlsErrors({ tlsCert, tlsKey }: Pick<Config, 'tlsCert' | 'tlsKey'>): readonly string[] {
  if ((tlsCert === null) === (tlsKey === null)) return [];
  const [given, missing] = tlsCert === null ? ['tls-key', 'tls-cert'] : ['tls-cert', 'tls-key'];
  return [`${given} needs ${missing} beside it: a certificate and its private key, a PEM file each`];
}

/** One line if a signed post could come again after its id is forgotten: it would be delivered again. */
export function signatureErrors({ keys, idRetentionMs }: Pick<Config, 'keys' | 'idRetentionMs'>): readonly string[] {
  const lifeMs = 2 * signatureWindowMs;
  if (idRetentionMs >= lifeMs || keys.every(({ hash }) => hash !== null)) return [];
  return [
    `id-retention ${formatDurationMs(idRetentionMs)} is shorter than the ${formatDurationMs(lifeMs)} for which a signed post is valid, ` +
      'so that it could be sent and delivered again: make it longer, or use keys with a hash only',
  ];
}

/** One line for a key that opens both doors: a backend that loses its key would lose the admin listener with it. */
export function sharedKeyErrors({ keys, adminKeys }: Pick<Config, 'keys' | 'adminKeys'>): readonly string[] {
  return adminKeys.flatMap(({ name, hash }) => {
    const twin = keys.find((key) => key.hash === hash);
    return twin === undefined
      ? []
      : [`admin-keys: key ${name}: is the same key as ${twin.name} of keys; make it one of its own`];
  });
}
