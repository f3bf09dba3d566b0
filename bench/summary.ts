import type { LoadResult } from './load/run-plan.ts';
import type { SideRun } from './run-side.ts';
import type { Scenario, Side, Target } from './scenarios.ts';

/** Median and range of one number over the runs. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

export interface SideSummary {
  server: string;
  figure: Spread;
  notes: string[];
  runs: SideRun[];
}

export type Verdict = 'aim' | 'pass' | 'short' | 'invalid';

export interface ScenarioSummary {
  name: string;
  work: string;
  unit: string;
  target: Target;
  /** Subject to first peer: of the medians, and the range over the rounds. Undefined without a peer. */
  ratio: Spread | undefined;
  verdict: Verdict;
  /** Tidings first, then the peer that the ratio is to, then the others. */
  sides: SideSummary[];
}

/** Share of a core used by processes that are no part of the run, from which a run is called disturbed. */
const DISTURBED_CPU = 0.1;

/** Even counts give the mean of the two in the middle. NaN of nothing. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
  return { median, min: sorted[0] ?? NaN, max: sorted.at(-1) ?? NaN };
}

/** `runsBySide[0]` is the subject's; runs of equal index were made one after the other. */
export function summarize(scenario: Scenario, runsBySide: SideRun[][]): ScenarioSummary {
  const sides = [scenario.subject, ...scenario.peers].map((side, i) => summarizeSide(scenario, side, runsBySide[i]!));
  const ratio = ratioOf(scenario, runsBySide, sides);
  return {
    name: scenario.name,
    work: scenario.work,
    unit: scenario.unit,
    target: scenario.target,
    ratio,
    verdict: judge(scenario.target, ratio, sides),
    sides,
  };
}

function summarizeSide(scenario: Scenario, side: Side, runs: SideRun[]): SideSummary {
  const valid = runs.flatMap(({ result, invalid }) => (result !== undefined && invalid === '' ? [result] : []));
  const notes = runs.flatMap(({ invalid }, i) => (invalid === '' ? [] : [`run ${i + 1} INVALID: ${oneLine(invalid)}`]));
  const bound = valid.filter((result) => isGeneratorBound(result, side)).length;
  if (bound > 0) notes.push(`generator-bound (${bound} of ${runs.length} runs)`);
  const disturbed = valid.filter(({ foreignCpu }) => foreignCpu > DISTURBED_CPU);
  if (disturbed.length > 0) {
    const worst = Math.round(Math.max(...disturbed.map(({ foreignCpu }) => foreignCpu)) * 100);
    notes.push(
      `disturbed: other processes used up to ${worst} % of a core (${disturbed.length} of ${runs.length} runs)`,
    );
  }
  const wanted = side.plan.connections ?? 0;
  const had = valid[0]?.connections ?? wanted;
  if (had < wanted) notes.push(`${had} connections: the limit on open files allows no more`);
  return { server: side.server, figure: spreadOf(valid.map(scenario.figure)), notes, runs };
}

/** The generator was at its end and the server was not: the figure is a lower bound of what the server can. */
export function isGeneratorBound(result: Pick<LoadResult, 'generatorCpu' | 'serverCpu'>, side: Side): boolean {
  const isPaced = (side.plan.postsPerSecond ?? 0) > 0;
  return !isPaced && result.generatorCpu > 0.9 && result.serverCpu < 0.8;
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s*\n\s*/g, ' / ');
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

function ratioOf(scenario: Scenario, runsBySide: SideRun[][], sides: SideSummary[]): Spread | undefined {
  const [subject, peer] = sides;
  const [subjectRuns, peerRuns] = runsBySide;
  if (subject === undefined || peer === undefined || subjectRuns === undefined || peerRuns === undefined)
    return undefined;
  const rounds = subjectRuns.flatMap(({ result }, i) => {
    const against = peerRuns[i]?.result;
    return result === undefined || against === undefined ? [] : [scenario.figure(result) / scenario.figure(against)];
  });
  return { ...spreadOf(rounds), median: subject.figure.median / peer.figure.median };
}

/** A run that does not count leaves nothing to judge, were it the peer's. Peers that are only context do not matter. */
function judge(target: Target, ratio: Spread | undefined, sides: SideSummary[]): Verdict {
  const judged = target.of === 'ratio' ? sides.slice(0, 2) : sides.slice(0, 1);
  if (judged.some(({ runs }) => runs.some(({ invalid }) => invalid !== ''))) return 'invalid';
  const value = target.of === 'ratio' ? (ratio?.median ?? NaN) : sides[0]!.figure.median;
  const reaches = (bar: number) => (target.better === 'higher' ? value >= bar : value <= bar);
  if (Number.isNaN(value)) return 'invalid';
  return reaches(target.aim) ? 'aim' : reaches(target.atLeast) ? 'pass' : 'short';
}
