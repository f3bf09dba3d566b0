/** What SECURITY.md is held against. */
export interface Known {
  /** The text of a file of the project; undefined: there is none. */
  readonly fileText: (path: string) => string | undefined;
  /** The settings, without their dashes. */
  readonly settings: readonly string[];
  /** Those that bound something or ask somebody: each has to stand on the page. */
  readonly mustNames: readonly string[];
  readonly errorCodes: readonly string[];
  readonly counters: readonly string[];
}

export interface ThreatReport {
  readonly problems: readonly string[];
  /** The rows of both tables. */
  readonly rows: number;
  readonly tests: number;
}

const columns = 4;

/** Holds a threat model against what there is: its tests, settings, codes and counters; and what there is against it. */
export function checkThreatModel(page: string, known: Known): ThreatReport {
  const problems: string[] = [];
  const rows = page.split('\n').filter((line) => line.startsWith('|') && !/^\|[-|]+\|$/.test(line));
  const body = rows.filter((row) => !row.endsWith('| the test |'));
  const tests = new Set<string>();
  for (const row of body) {
    const cells = row.slice(1, -1).split('|');
    const label = (cells[0] ?? '').trim().slice(0, 60);
    if (cells.length !== columns) problems.push(`${label}: ${cells.length} columns`);
    if (cells.some((cell) => cell.trim() === '')) problems.push(`${label}: an empty cell`);
    const links = [...(cells.at(-1) ?? '').matchAll(/\]\(([^)]+)\)/g)].map(([, path = '']) => path);
    if (links.length === 0) problems.push(`${label}: names no test`);
    for (const path of links) {
      tests.add(path);
      const text = /^test\/.*\.test\.ts$/.test(path) ? known.fileText(path) : undefined;
      if (text === undefined) problems.push(`${label}: there is no test ${path}`);
      else if (!/\btest\(/.test(text)) problems.push(`${label}: nothing is tested in ${path}`);
    }
  }
  for (const [, path = ''] of page.matchAll(/\]\((?!test\/|https?:)([^)#]+)/g))
    if (known.fileText(path) === undefined) problems.push(`there is no ${path}`);

  const named = [...page.matchAll(/--([a-z][a-z-]*)/g)].map(([, name = '']) => name);
  const words = [...page.matchAll(/`([A-Za-z_]+)`/g)].map(([, word = '']) => word);
  for (const name of named) if (!known.settings.includes(name)) problems.push(`there is no setting --${name}`);
  for (const name of known.mustNames) if (!named.includes(name)) problems.push(`--${name} is not named`);
  for (const word of words.filter((one) => /^[a-z]+(_[a-z]+)+$/.test(one)))
    if (!known.errorCodes.includes(word)) problems.push(`there is no error ${word}`);
  for (const word of words.filter((one) => /^[a-z]+[A-Z]/.test(one)))
    if (!known.counters.includes(word)) problems.push(`there is no counter ${word}`);
  return { problems, rows: body.length, tests: tests.size };
}
