import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../support/project.ts';
import { measured, type HaReport } from './report.ts';
import { haNames } from './scenarios.ts';

const resultsDir = join(projectRoot, 'test/ha/results');
const begin = '<!-- measured: npm run chaos -- --ha -->';
const end = '<!-- /measured -->';

/** The page whose tables are those of the newest full run. */
export const haPage = join(projectRoot, 'docs/ha.md');

/** Whether a report has every scenario in full: only such a one stands in the page. */
export function isComplete({ results }: HaReport): boolean {
  return results.every(({ isFull }) => isFull) && haNames.every((name) => results.some((one) => one.scenario === name));
}

/** The newest complete report of test/ha/results/; undefined when there is none. */
export function newestReport(): HaReport | undefined {
  if (!existsSync(resultsDir)) return undefined;
  const files = readdirSync(resultsDir).filter((file) => file.endsWith('.json'));
  for (const file of files.sort().reverse()) {
    const report = JSON.parse(readFileSync(join(resultsDir, file), 'utf8')) as HaReport;
    if (isComplete(report)) return report;
  }
  return undefined;
}

/** The page's text with the tables of this report, or with none. Throws when the page has no place for them. */
export function withMeasured(page: string, report: HaReport | undefined): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`docs/ha.md lacks ${begin} … ${end}`);
  const tables = report === undefined ? '' : `${measured(report)}\n\n`;
  return `${page.slice(0, from + begin.length)}\n\n${tables}${page.slice(to)}`;
}

/** Puts the tables of this report into the page; without one it has none. */
export function writeMeasured(report: HaReport | undefined): void {
  writeFileSync(haPage, withMeasured(readFileSync(haPage, 'utf8'), report));
}
