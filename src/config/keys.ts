import { z } from 'zod';
import { groups } from './kinds.ts';
import { toKebab, type KnownName } from './names.ts';
import { configSchema, type Config, type ConfigKey } from './schema.ts';

/** What the meta of every key must hold; `accepts` fits after "must be". */
const keyMetaSchema = z.object({
  description: z.string(),
  group: z.enum(groups),
  kind: z.enum([
    'count',
    'port',
    'bytes',
    'memory',
    'duration',
    'boolean',
    'choice',
    'text',
    'list',
    'proxies',
    'queue',
    'url',
    'secret',
    'keys',
    'key-set',
    'algorithms',
  ]),
  unit: z.string().optional(),
  accepts: z.string(),
  placeholder: z.string(),
  flag: z.string().optional(),
  aliases: z.array(z.string()).optional(),
});

/** One key of the schema with its names; what the parser, --help and docs/config.md iterate over. */
export interface KeySpec extends Readonly<z.output<typeof keyMetaSchema>> {
  readonly key: ConfigKey;
  /** `max-body`: the name in the file, and after `--` on a flag. */
  readonly name: string;
  /** `TIDINGS_MAX_BODY`. */
  readonly env: string;
  readonly schema: z.ZodType<Config[ConfigKey]>;
  readonly defaultValue: Config[ConfigKey];
}

export const ENV_PREFIX = 'TIDINGS_';

/** Every key, in the order of the schema. Throws at load where a key lacks its meta. */
export const keySpecs: readonly KeySpec[] = (Object.keys(configSchema.shape) as ConfigKey[]).map(toSpec);

/** `max-body` for `maxBodyBytes`: how a message names a setting, whatever its source. */
export function nameOf(key: ConfigKey): string {
  return keySpecs.find((spec) => spec.key === key)?.name ?? key;
}

/** The names that a mistyped one may have meant: each key's own, and the key with its unit. */
export function knownNames(show: (spec: KeySpec) => string): readonly KnownName[] {
  return keySpecs.flatMap((spec) =>
    [...new Set([spec.name, toKebab(spec.key), ...(spec.aliases ?? [])])].map((name) => ({ name, shown: show(spec) })),
  );
}

function toSpec(key: ConfigKey): KeySpec {
  const schema: z.ZodType<Config[ConfigKey]> = configSchema.shape[key];
  const meta = keyMetaSchema.parse(schema.meta());
  const name = meta.flag ?? toKebab(key.replace(/(Bytes|Ms)$/, ''));
  const env = ENV_PREFIX + name.toUpperCase().replaceAll('-', '_');
  return { ...meta, key, name, env, schema, defaultValue: schema.parse(undefined) };
}
