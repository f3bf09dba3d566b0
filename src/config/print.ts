import { stringify } from 'yaml';
import { describeAdminKey, type AdminKey } from './admin-keys.ts';
import { keySpecs, type KeySpec } from './keys.ts';
import { describeQueue } from './queue-url.ts';
import { HIDDEN } from './redact.ts';
import type { Sources } from './rules.ts';
import type { Config, ConfigKey } from './schema.ts';
import { describeSendKey, type SendKey } from './send-keys.ts';
import { formatBytes, formatDurationMs } from './units.ts';

/** A value as one would write it on a flag: `1MiB`, `25s`, `redis/:***@host:6379/0`. Never a password, never a key. */
export function formatSetting(spec: Pick<KeySpec, 'kind' | 'unit'>, value: Config[ConfigKey]): string {
  if (value === null) return 'none';
  if (spec.kind === 'secret') return HIDDEN;
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (spec.unit === 'bytes') return formatBytes(value);
    return spec.unit === 'ms' ? formatDurationMs(value) : String(value);
  }
  if ('kind' in value) return describeQueue(value);
  const items = describeItems(value);
  if (items.length === 0) return '';
  return items.every((item) => typeof item === 'string') ? items.join(',') : JSON.stringify(items);
}

/** What stands in a list, as a file has it. */
function describeItems(list: readonly (string | SendKey | AdminKey)[]): readonly unknown[] {
  return list.map((item) => {
    if (typeof item === 'string') return item;
    return 'role' in item ? describeAdminKey(item) : describeSendKey(item);
  });
}

/** The settings for logs and people, by public name, as text; no passwords. */
export function redactConfig(config: Config): Readonly<Record<string, string>> {
  return Object.fromEntries(keySpecs.map((spec) => [spec.name, formatSetting(spec, config[spec.key])]));
}

/**
 * The settings in force as a YAML file, each with its source beside it. It loads again to the same settings, but for
 * passwords and keys, which are hidden.
 */
export function printConfig(config: Config, sources: Sources): string {
  return keySpecs
    .map((spec) => `${`${spec.name}: ${yamlValue(spec, config[spec.key])}`.padEnd(48)} # ${sources[spec.key]}\n`)
    .join('');
}

function yamlValue(spec: KeySpec, value: Config[ConfigKey]): string {
  if (typeof value === 'number' || typeof value === 'boolean') return formatSetting(spec, value);
  const isList = value !== null && typeof value === 'object' && !('kind' in value);
  const plain = isList ? describeItems(value) : formatSetting(spec, value);
  return stringify(plain, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd();
}
