import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Scope } from '../support/cleanup.ts';
import { liveBytes } from './heap-probe.ts';
import { openHonest } from './honest.ts';
import { describeInput, weightOf, type Input } from './input.ts';
import { inputsOf } from './inputs.ts';
import { judgeLine } from './judge.ts';
import { Lane } from './lane.ts';
import { Purse } from './purse.ts';
import { startUnderTest } from './server-under-test.ts';
import { setups, type SetupName } from './setups.ts';
import { Tally } from './tally.ts';

export interface FuzzOptions {
  readonly setup: SetupName;
  readonly seed: number;
  /** At least so many inputs are sent, in whole rounds. */
  readonly inputs: number;
  /** The round that is the first; its inputs are the same whatever ran before. */
  readonly fromRound?: number;
  /** Further flags of the server. */
  readonly flags?: readonly string[];
  /** A server in place of the real one: the positive controls. */
  readonly entry?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly patienceMs?: number;
  readonly say?: (line: string) => void;
}

export interface FuzzResult {
  /** What was not as promised, the first of it with the inputs of its round; empty: everything held. */
  readonly violations: readonly string[];
  readonly inputs: number;
  readonly rounds: number;
  readonly tally: Tally;
  readonly seconds: number;
  /** What the server holds, after the warm-up and at the end. */
  readonly liveBytes: readonly [number, number];
  readonly residentBytes: readonly [number, number];
}

/** A process that ends because of an input has done so by then. */
const endsWithinMs = 1_000;

/** How many violations are told: those of the inputs that were under way with the first. */
const mostTold = 5;

/** How many inputs are under way at once. */
const lanes = 24;

/** What hangs for so long hangs for good: nothing takes a second here, and the machine may be busy. */
const usualPatienceMs = 30_000;

/** After so large a part of the inputs everything that is bounded is full, and code is compiled. */
const warmUpShare = 0.25;

/** What may be held more at the end than after the warm-up, whatever the number of inputs: jitter of what is bounded. */
const mostGrownBytes = 3 * 1024 * 1024;

/** The same of resident memory: V8 grows its heap for garbage, too. */
const mostGrownResidentBytes = 96 * 1024 * 1024;

/** Throws rounds of inputs at a server of its own and looks after each whether it is as it was. Ends at the first violation. */
export async function runFuzz(scope: Scope, options: FuzzOptions): Promise<FuzzResult> {
  const { seed, inputs: wanted, fromRound = 0, patienceMs = usualPatienceMs, say = () => {} } = options;
  const sinceMs = performance.now();
  const setup = setups[options.setup]();
  const server = await startUnderTest(scope, [...setup.flags, ...(options.flags ?? [])], options);
  let hasEnded = false;
  void server.exited.then(() => (hasEnded = true));
  const urls = { public: server.url, admin: server.adminUrl };
  const honest = await openHonest(scope, { ...server, setup, patienceMs });
  const tally = new Tally();
  const secrets = [honest.secret, ...setup.secrets];
  const purse = new Purse();
  const crew = Array.from({ length: lanes }, () => new Lane({ urls, secrets, tally, purse, patienceMs }));
  const violations: string[] = [];
  let sent = 0;
  let round = fromRound;
  // What it says at its start is for a person, and comes before anybody is served.
  const unserved = await honest.round();
  if (unserved !== undefined) throw new Error(unserved);
  let linesRead = server.lines.length;
  let warm: readonly [number, number] | undefined;

  const measure = async (): Promise<readonly [number, number]> => [
    await liveBytes(scope, server),
    residentBytes(server.pid),
  ];
  const printed = (): string | undefined => {
    const lines = server.lines.slice(linesRead);
    linesRead += lines.length;
    return lines.map((line) => judgeLine(line, secrets)).find((wrong) => wrong !== undefined);
  };
  const report = (what: string, input?: Input): void => {
    if (violations.length >= mostTold) return;
    const where = `${options.setup}, seed ${seed}, round ${round}: ${what}`;
    violations.push(input === undefined ? where : `${where}\n  by ${describeInput(input)}`);
  };

  while (sent < wanted && violations.length === 0) {
    const waiting = inputsOf(seed, round);
    const runLane = async (lane: Lane): Promise<void> => {
      for (let input = waiting.shift(); input !== undefined; input = waiting.shift()) {
        const wrong = await lane.send(input);
        sent += weightOf(input);
        if (wrong !== undefined) report(wrong, input);
        if (violations.length > 0) return;
      }
    };
    await Promise.all(crew.map(runLane));
    if (violations.length > 0) await Promise.race([server.exited, delay(endsWithinMs)]);
    if (hasEnded)
      violations.unshift(
        `${options.setup}, seed ${seed}, round ${round}: the server has ended:\n${server.lines.slice(-20).join('\n')}`,
      );
    if (violations.length > 0) break;
    const harm = await honest.round();
    if (harm !== undefined) report(harm);
    const wrongLine = printed();
    if (wrongLine !== undefined) report(wrongLine);
    if (violations.length > 0) break;
    round += 1;
    if (warm === undefined && sent >= wanted * warmUpShare) warm = await measure();
    if (round % 200 === 0)
      say(`round ${round}: ${sent} inputs, ${Math.round(sent / ((performance.now() - sinceMs) / 1000))}/s`);
  }
  for (const lane of crew) lane.end();
  const before = warm ?? [0, 0];
  const after = violations.length === 0 ? await measure() : before;
  if (after[0] - before[0] > mostGrownBytes)
    report(`the heap holds ${after[0] - before[0]} bytes more than after the warm-up`);
  if (after[1] - before[1] > mostGrownResidentBytes)
    report(`the process takes ${after[1] - before[1]} bytes more than after the warm-up`);
  return {
    violations,
    inputs: sent,
    rounds: round - fromRound,
    tally,
    seconds: (performance.now() - sinceMs) / 1000,
    liveBytes: [before[0], after[0]],
    residentBytes: [before[1], after[1]],
  };
}

/** Resident memory of a process of this machine. */
function residentBytes(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096;
}
