import { isLoopback } from './host.ts';
import { nameOf } from './keys.ts';
import { describeQueue } from './queue-url.ts';
import type { Config } from './schema.ts';
import type { Source } from './source.ts';

/** Where each setting of a configuration came from. */
export type Sources = Readonly<Record<keyof Config, Source>>;

/**
 * One line for each listener that other machines could reach although `insecure` does not say that this is meant. There
 * are no keys yet, so whoever reaches a listener may use it.
 */
export function exposureErrors(config: Pick<Config, 'host' | 'adminHost' | 'insecure'>): readonly string[] {
  if (config.insecure) return [];
  return (['host', 'adminHost'] as const)
    .filter((key) => !isLoopback(config[key]))
    .map(
      (key) =>
        `${nameOf(key)} ${config[key]} is open to other machines, and nothing asks them for a key: ` +
        'bind to 127.0.0.1 behind a proxy, or pass --insecure if it is meant',
    );
}

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
