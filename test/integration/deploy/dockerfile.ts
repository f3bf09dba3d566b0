import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** One line of a Dockerfile, continuations joined: `COPY`, and what follows it. */
export interface Instruction {
  readonly name: string;
  readonly rest: string;
}

export interface Stage {
  /** What follows FROM, and the name that AS gives it. */
  readonly base: string;
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

/** Reads the subset of the format that deploy/Dockerfile is written in; throws at the first line that is not of it. */
export function readDockerfile(text: string): {
  readonly args: readonly Instruction[];
  readonly stages: readonly Stage[];
} {
  const known = /^(ARG|FROM|ENV|WORKDIR|COPY|RUN|USER|EXPOSE|HEALTHCHECK|STOPSIGNAL|ENTRYPOINT|CMD) (.+)$/s;
  const joined = text.replaceAll(/^#.*\n/gm, '').replaceAll(/\\\n\s*/g, '');
  const args: Instruction[] = [];
  const stages: { base: string; name: string | undefined; instructions: Instruction[] }[] = [];
  for (const line of joined.split('\n').filter((each) => each.trim() !== '')) {
    const [, name = '', rest = ''] = known.exec(line) ?? [];
    if (name === '') throw new Error(`not an instruction that is read here: ${line}`);
    if (name === 'FROM') {
      const [base = '', as, stage] = rest.split(/\s+/);
      stages.push({ base, name: as === 'AS' ? stage : undefined, instructions: [] });
      continue;
    }
    (stages.at(-1)?.instructions ?? args).push({ name, rest });
  }
  return { args, stages };
}

/** The names at the top of a build context that .dockerignore leaves: it excludes all and then lists what is in it. */
export function contextNames(ignore: string): readonly string[] {
  const [first, ...lines] = ignore.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  if (first !== '*') throw new Error('.dockerignore does not exclude everything first');
  return lines.map((line) => {
    if (!/^![\w.-]+$/.test(line)) throw new Error(`not a name to be included: ${line}`);
    return line.slice(1);
  });
}

/**
 * Carries out `COPY [--from=STAGE] SOURCE... TARGET` as Docker does: what is within a folder, not the folder. `folderOf` gives the
 * root of a stage or, for undefined, the context; throws when a source is not there.
 */
export function copy(rest: string, target: string, folderOf: (stage: string | undefined) => string): void {
  const words = rest.split(/\s+/);
  const from = words[0]?.startsWith('--from=') === true ? words.shift()?.slice('--from='.length) : undefined;
  const to = words.pop() ?? '';
  const isFolder = to.endsWith('/');
  if (words.length > 1 && !isFolder) throw new Error(`COPY of many needs a folder: ${rest}`);
  for (const word of words) {
    const source = join(folderOf(from), word);
    if (!existsSync(source)) throw new Error(`COPY ${rest}: there is no ${word}`);
    const place = isFolder ? resolve(target, to, word) : resolve(target, to);
    if (relative(target, place).startsWith('..')) throw new Error(`COPY ${rest} leaves the working directory`);
    mkdirSync(dirname(place), { recursive: true });
    cpSync(source, place, { recursive: true, verbatimSymlinks: true });
  }
}

/** The files of a folder and below, sorted, with '/'. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}
