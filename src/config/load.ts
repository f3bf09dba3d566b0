import { readCommandLine, type Command, type CommandOptions } from './command-line.ts';
import { CONFIG_FILE_ENV, readEnvironment, type Environment } from './environment.ts';
import { readConfigFile, type ReadFile } from './file.ts';
import { keySpecs } from './keys.ts';
import { exposureErrors } from './exposure.ts';
import { dataDirErrors, portErrors, sharedKeyErrors, signatureErrors, tlsErrors, type Sources } from './rules.ts';
import { configSchema, type Config, type ConfigKey } from './schema.ts';
import { readSecretFiles } from './secret-files.ts';
import type { Source, SourceReading } from './source.ts';
import { tokenErrors } from './token-rules.ts';

export interface LoadInput {
  /** Arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Environment;
  /** For the file of --config or TIDINGS_CONFIG, and for those of keys' secrets. */
  readonly readFile: ReadFile;
}

export type Loaded =
  | {
      readonly ok: true;
      readonly command: Command;
      readonly options: CommandOptions;
      readonly config: Config;
      readonly sources: Sources;
    }
  | { readonly ok: false; readonly errors: readonly string[] };

/**
 * The settings from flags, environment, file and defaults, the former winning over the latter, or everything that is
 * wrong with any of them: one line each, without the program's name before it and without passwords. A wrong value is
 * an error even where another source overrides it.
 */
export function loadConfig({ argv, env, readFile }: LoadInput): Loaded {
  const line = readCommandLine(argv);
  const environment = readEnvironment(env);
  const file = readFileOf(line.configFile, environment.configFile, readFile);

  const raw = new Map<ConfigKey, unknown>();
  const from = new Map<ConfigKey, Source>();
  const apply = (source: Source, reading: SourceReading): readonly string[] => {
    const problems = reading.entries.flatMap(({ key, label, raw: value }) => {
      raw.set(key, value);
      from.set(key, source);
      return problemsOf(key, value).map((problem) => `${label}: ${problem}`);
    });
    return [...reading.errors, ...problems];
  };
  // Applied from the weakest on, reported from the strongest on.
  const errors = [apply('file', file), apply('env', environment), apply('flag', line)].reverse().flat();
  if (errors.length > 0) return { ok: false, errors };

  const parsed: Config = configSchema.parse(Object.fromEntries(raw));
  const secrets = readSecretFiles(parsed.keys, readFile);
  const config: Config = Object.freeze({ ...parsed, keys: secrets.keys });
  const sources = Object.fromEntries(keySpecs.map(({ key }) => [key, from.get(key) ?? 'default'])) as Sources;
  const broken = [
    ...secrets.errors,
    ...exposureErrors(config),
    ...portErrors(config, sources),
    ...dataDirErrors(config),
    ...tlsErrors(config),
    ...signatureErrors(config),
    ...sharedKeyErrors(config),
    ...tokenErrors(config),
  ];
  return broken.length > 0
    ? { ok: false, errors: broken }
    : { ok: true, command: line.command, options: line.options, config, sources };
}

function readFileOf(flag: string | undefined, variable: string | undefined, readFile: ReadFile): SourceReading {
  const path = flag ?? variable;
  if (path === undefined) return { entries: [], errors: [] };
  const label = flag === undefined ? `env ${CONFIG_FILE_ENV}` : 'flag --config';
  return path === '' ? { entries: [], errors: [`${label}: needs the name of a file`] } : readConfigFile(path, readFile);
}

function problemsOf(key: ConfigKey, value: unknown): readonly string[] {
  const { error } = configSchema.shape[key].safeParse(value);
  return error === undefined ? [] : error.issues.map((issue) => issue.message);
}
