import { keySpecs, knownNames } from './keys.ts';
import { suggestion, type KnownName } from './names.ts';
import { showName } from './redact.ts';
import type { ConfigKey } from './schema.ts';
import type { Entry, SourceReading } from './source.ts';

/** The commands, each with what --help says of it. */
export const commands = {
  serve: 'Serve until stopped. This is what happens without a command, too.',
  drain:
    'Have the running instance whose admin listener is at --admin-host and --admin-port hand its connections over and end; wait for it.',
  keys: 'Print a configuration with new keys, for --config: every door then asks who comes. The keys themselves are shown once, on standard error.',
  token:
    'Print a token for trying things out, signed with token-secret: --uid=UID, and where wanted --types=TYPE,... and --ttl=TIME (1h).',
  config: 'Print the settings in force and where each comes from, as a file for --config.',
  help: 'Print this.',
  version: 'Print the version.',
} as const;

export type Command = keyof typeof commands;

/** Flags that are no settings: each is for one command, and has a placeholder for its value. */
const commandFlags = {
  uid: { command: 'token', placeholder: 'UID' },
  types: { command: 'token', placeholder: 'TYPE,...' },
  ttl: { command: 'token', placeholder: 'TIME' },
} as const satisfies Record<string, { command: Command; placeholder: string }>;

export type CommandFlag = keyof typeof commandFlags;

export interface CommandLine extends SourceReading {
  /** `help` or `version` where asked for, whatever else is wrong; `serve` where no command is named. */
  readonly command: Command;
  readonly configFile: string | undefined;
  /** The values of the flags that are for the command alone. */
  readonly options: CommandOptions;
}

export type CommandOptions = Readonly<Partial<Record<CommandFlag, string>>>;

type Target = ConfigKey | CommandFlag | 'config' | 'help' | 'version';

interface FlagSpec {
  readonly target: Target;
  readonly takes: 'value' | 'truth' | 'nothing';
  /** What the flag alone, without a value, means. */
  readonly implied: string;
  readonly placeholder: string;
}

const flagSpecs = new Map<string, FlagSpec>([
  ['config', { target: 'config', takes: 'value', implied: '', placeholder: 'FILE' }],
  ['help', { target: 'help', takes: 'nothing', implied: '', placeholder: '' }],
  ['h', { target: 'help', takes: 'nothing', implied: '', placeholder: '' }],
  ['version', { target: 'version', takes: 'nothing', implied: '', placeholder: '' }],
]);
for (const [target, { placeholder }] of Object.entries(commandFlags) as [CommandFlag, { placeholder: string }][]) {
  flagSpecs.set(target, { target, takes: 'value', implied: '', placeholder });
}
for (const { key, name, aliases = [], kind, placeholder } of keySpecs) {
  const takes = kind === 'boolean' ? 'truth' : 'value';
  for (const spelling of [name, ...aliases])
    flagSpecs.set(spelling, { target: key, takes, implied: 'true', placeholder });
  if (takes === 'truth') flagSpecs.set(`no-${name}`, { target: key, takes: 'nothing', implied: 'false', placeholder });
}

const knownFlags: readonly KnownName[] = [
  ...knownNames((spec) => `--${spec.name}`),
  ...['config', 'help', 'version', ...Object.keys(commandFlags)].map((name) => ({ name, shown: `--${name}` })),
  ...keySpecs
    .filter(({ kind }) => kind === 'boolean')
    .map(({ name }) => ({ name: `no-${name}`, shown: `--no-${name}` })),
];
const knownCommands: readonly KnownName[] = Object.keys(commands).map((name) => ({ name, shown: name }));

/**
 * Reads `[COMMAND] [--name=value | --name value | -name=value | -name value]...`, in any order, without looking at the
 * values. The same flag twice with different values is an error: which one was meant cannot be known.
 */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const given = new Map<Target, { readonly label: string; readonly raw: string }>();
  const positionals: string[] = [];
  const errors: string[] = [];

  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] ?? '';
    if (argument === '--') {
      positionals.push(...argv.slice(index + 1));
      break;
    }
    if (!isFlag(argument)) {
      positionals.push(argument);
      continue;
    }
    const { spelled, name, inline } = splitFlag(argument);
    const label = `flag ${showName(spelled)}`;
    const next = argv[index + 1];
    const spec = flagSpecs.get(name);
    if (spec === undefined) {
      errors.push(`unknown ${label}; ${suggestion(name, knownFlags)}`);
      // Its value, most likely: not to be taken for a command, which would be a second error for one slip.
      if (inline === undefined && next !== undefined && !isFlag(next) && !Object.hasOwn(commands, next)) index += 1;
      continue;
    }
    const value = readValue(spec, spelled, inline, next);
    if (value.usesNext) index += 1;
    if (value.problem !== undefined) {
      errors.push(`${label}: ${value.problem}`);
      if (spec.takes !== 'nothing') continue;
    }
    const before = given.get(spec.target);
    if (before === undefined) {
      given.set(spec.target, { label, raw: value.raw });
    } else if (before.raw !== value.raw) {
      const both = before.label === label ? 'more than once' : `together with ${before.label}`;
      errors.push(`${label}: is given ${both}, with different values; give it once`);
    }
  }

  const [word, ...extra] = positionals;
  const command = word === undefined ? 'serve' : toCommand(word);
  if (word !== undefined && command === undefined) {
    errors.push(`unknown command ${showName(word)}; ${suggestion(word, knownCommands)}`);
  }
  for (const argument of extra) errors.push(`unexpected argument ${showName(argument)}`);

  const entries: Entry[] = [];
  const options: Partial<Record<CommandFlag, string>> = {};
  for (const [target, { label, raw }] of given) {
    if (isKey(target)) entries.push({ key: target, label, raw });
    else if (isCommandFlag(target)) {
      options[target] = raw;
      const owner = commandFlags[target].command;
      if (command !== undefined && command !== owner) errors.push(`${label}: is for the command ${owner} alone`);
    }
  }
  const asked = given.has('help') ? 'help' : given.has('version') ? 'version' : command;
  return { command: asked ?? 'serve', configFile: given.get('config')?.raw, options, entries, errors };
}

/** A dash and something that is not a number: `-1` is a value, though hardly ever a valid one. */
function isFlag(argument: string): boolean {
  return /^-[^0-9]/.test(argument);
}

function splitFlag(argument: string) {
  const equals = argument.indexOf('=');
  const spelled = equals < 0 ? argument : argument.slice(0, equals);
  return { spelled, name: spelled.replace(/^--?/, ''), inline: equals < 0 ? undefined : argument.slice(equals + 1) };
}

interface FlagValue {
  readonly raw: string;
  readonly usesNext?: boolean;
  readonly problem?: string;
}

function readValue(spec: FlagSpec, spelled: string, inline: string | undefined, next: string | undefined): FlagValue {
  if (spec.takes === 'nothing') {
    return inline === undefined ? { raw: spec.implied } : { raw: spec.implied, problem: 'takes no value' };
  }
  if (inline !== undefined) return { raw: inline };
  if (spec.takes === 'truth') {
    // Without this, `--insecure false` would be insecure, with a stray word after it.
    const word = next?.toLowerCase();
    if (word !== 'true' && word !== 'false') return { raw: spec.implied };
    return { raw: '', usesNext: true, problem: `takes its value after an equals sign: ${spelled}=${word}` };
  }
  if (next !== undefined && !isFlag(next)) return { raw: next, usesNext: true };
  return { raw: '', problem: `needs a value: ${spelled}=${spec.placeholder}` };
}

function toCommand(word: string): Command | undefined {
  return (Object.keys(commands) as Command[]).find((command) => command === word);
}

function isKey(target: Target): target is ConfigKey {
  return target !== 'config' && target !== 'help' && target !== 'version' && !isCommandFlag(target);
}

function isCommandFlag(target: Target): target is CommandFlag {
  return Object.hasOwn(commandFlags, target);
}
