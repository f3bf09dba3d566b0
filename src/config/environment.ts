import { ENV_PREFIX, keySpecs, knownNames } from './keys.ts';
import { suggestion, type KnownName } from './names.ts';
import { showName } from './redact.ts';
import type { Entry, SourceReading } from './source.ts';

/** The variable that names the file, as --config does. */
export const CONFIG_FILE_ENV = `${ENV_PREFIX}CONFIG`;

export type Environment = Readonly<Record<string, string | undefined>>;

export interface EnvironmentReading extends SourceReading {
  readonly configFile: string | undefined;
}

const specs = new Map(keySpecs.map((spec) => [spec.env, spec]));
const knownVariables: readonly KnownName[] = [
  ...knownNames((spec) => spec.env),
  { name: 'config', shown: CONFIG_FILE_ENV },
];

/** Reads the variables that begin with TIDINGS_, each of which must be known; one that is set but empty counts as set. */
export function readEnvironment(env: Environment): EnvironmentReading {
  const entries: Entry[] = [];
  const errors: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || !name.startsWith(ENV_PREFIX) || name === CONFIG_FILE_ENV) continue;
    if (isServiceLink(name, value)) continue;
    const spec = specs.get(name);
    if (spec !== undefined) entries.push({ key: spec.key, label: `env ${name}`, raw: value });
    else errors.push(`unknown env ${showName(name)}; ${suggestion(name, knownVariables)}`);
  }
  return { configFile: env[CONFIG_FILE_ENV], entries, errors };
}

/**
 * Kubernetes tells every container of the services beside it: for one named "tidings" it sets TIDINGS_SERVICE_HOST,
 * TIDINGS_PORT=tcp://10.0.0.7:3210, TIDINGS_PORT_3210_TCP_ADDR and more. Nobody wrote those as settings.
 */
function isServiceLink(name: string, value: string): boolean {
  if (/_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$/.test(name)) return true;
  if (/_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name)) return true;
  return name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value);
}
