import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../support/project.ts';
import { measured, measuredCrews, type HaReport } from './report.ts';
import { haNames } from './scenarios.ts';

const resultsDir = join(projectRoot, 'test/ha/results');

/** A place in the page for the tables of one kind of run. */
interface Place {
  readonly begin: string;
  readonly isFor: (report: HaReport) => boolean;
  readonly tables: (report: HaReport) => string;
}

const end = '<!-- /measured -->';
const places: readonly Place[] = [
  {
    begin: '<!-- measured: npm run chaos -- --ha -->',
    isFor: ({ workers = 1 }) => workers === 1,
    tables: measured,
  },
  {
    begin: '<!-- measured: npm run chaos -- --ha --workers=2 -->',
    isFor: ({ workers }) => workers === 2,
    tables: measuredCrews,
  },
];

/** The page whose tables are those of the newest full runs. */
export const haPage = join(projectRoot, 'docs/ha.md');

/** Whether a report has every scenario in full, with as many workers as the page tells of: only such a one stands in it. */
export function isComplete(report: HaReport): boolean {
  const { results } = report;
  if (!places.some(({ isFor }) => isFor(report))) return false;
  return results.every(({ isFull }) => isFull) && haNames.every((name) => results.some((one) => one.scenario === name));
}

/** The newest complete report of each kind in test/ha/results/, where there is one. */
export function newestReports(): HaReport[] {
  if (!existsSync(resultsDir)) return [];
  const files = readdirSync(resultsDir).filter((file) => file.endsWith('.json'));
  const reports = files
    .sort()
    .reverse()
    .map((file) => JSON.parse(readFileSync(join(resultsDir, file), 'utf8')) as HaReport)
    .filter(isComplete);
  return places.flatMap(({ isFor }) => reports.find(isFor) ?? []);
}

/** The page's text with the tables of each of these reports in its place; other places stay. Throws when the page lacks one. */
export function withMeasured(page: string, reports: readonly HaReport[]): string {
  return reports.reduce((text, report) => {
    const place = places.find(({ isFor }) => isFor(report));
    if (place === undefined) return text;
    const from = text.indexOf(place.begin);
    const to = text.indexOf(end, from);
    if (from < 0 || to < 0) throw new Error(`docs/ha.md lacks ${place.begin} … ${end}`);
    return `${text.slice(0, from + place.begin.length)}\n\n${place.tables(report)}\n\n${text.slice(to)}`;
  }, page);
}

/** Puts the tables of these reports into the page. */
export function writeMeasured(reports: readonly HaReport[]): void {
  writeFileSync(haPage, withMeasured(readFileSync(haPage, 'utf8'), reports));
}
