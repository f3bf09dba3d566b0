import { commands } from './command-line.ts';
import { keySpecs, type KeySpec } from './keys.ts';
import { groups } from './kinds.ts';
import { formatSetting } from './print.ts';

const FLAG_COLUMNS = 36;
const TEXT_COLUMNS = 80;

const INTRO = `Tidings, a self-hosted notification server.

Usage: tidings [COMMAND] [--NAME=VALUE ...]
`;

const SOURCES = `Every setting is a flag, an environment variable and a key of a YAML file: --max-body=1MiB,
TIDINGS_MAX_BODY=1MiB and "max-body: 1MiB" say the same. A flag wins over the environment, the
environment over the file. --max-body 1MiB and -max-body=1MiB work, too.
`;

/** What --help prints: commands, then every setting by group with its default and limits. */
export function helpText(): string {
  const commandLines = Object.entries(commands).map(([name, text]) => item(name, text));
  const general = [
    item('--config=FILE', 'YAML file to read settings from. Environment: TIDINGS_CONFIG.'),
    item('--help, -h', 'Print this.'),
    item('--version', 'Print the version.'),
  ];
  const settings = groups.map((group) =>
    section(
      group,
      keySpecs.filter((spec) => spec.group === group).map((spec) => item(flagForm(spec), settingText(spec))),
    ),
  );
  return [INTRO, section('Commands', commandLines), SOURCES, section('General', general), ...settings].join('\n');
}

/** `--max-body=SIZE`; `--insecure` for one that needs no value. */
export function flagForm(spec: KeySpec): string {
  return spec.kind === 'boolean' ? `--${spec.name}` : `--${spec.name}=${spec.placeholder}`;
}

function settingText(spec: KeySpec): string {
  const shownDefault = formatSetting(spec, spec.defaultValue) || 'none';
  return `${spec.description} Takes ${spec.accepts}. Default: ${shownDefault}.`;
}

function section(title: string, items: readonly string[]): string {
  return `${title}\n${items.join('')}`;
}

function item(name: string, text: string): string {
  const lines = wrap(text, TEXT_COLUMNS);
  const beside = name.length + 4 <= FLAG_COLUMNS;
  const first = beside ? `  ${name}`.padEnd(FLAG_COLUMNS) + (lines.shift() ?? '') : `  ${name}`;
  return [first, ...lines.map((line) => ' '.repeat(FLAG_COLUMNS) + line)].map((line) => `${line}\n`).join('');
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
