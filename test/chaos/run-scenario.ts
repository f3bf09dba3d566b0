import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { openClient } from '../contract/redis-client.ts';
import { endWith, type Scope } from '../support/cleanup.ts';
import { check, countMissing, type Verdict } from './checker.ts';
import { startCrowd } from './crowd.ts';
import { startDeployment, type Deployment } from './deployment.ts';
import { History } from './history.ts';
import { inject } from './injector.ts';
import { drawPlan, type Plan, type Size } from './plan.ts';
import { drawClients } from './plan-clients.ts';
import { bulkRequests, type PlannedRequest } from './plan-load.ts';
import { runPoster } from './posters.ts';
import { scenarios, type ScenarioName } from './scenarios.ts';
import { setups, type SetupName } from './setups.ts';
import { watchStalls } from './stall-watch.ts';
import { summarize, type RunResult } from './summary.ts';

export interface RunOptions {
  readonly scenario: ScenarioName;
  readonly setup: SetupName;
  /** Of the first round; the next ones count up, so that each can be run again by itself. */
  readonly seed: number;
  readonly rounds: number;
  readonly size: Size;
  /** What clients connect to instead of an instance: for scenarios in which none moves. */
  readonly detour?: (url: string) => Promise<string>;
  /** How long to wait for what is missing after a round. Default: 20 s and the set-up's time to recover. */
  readonly settleMs?: number;
  readonly say?: (line: string) => void;
}

const CONNECT_MS = 20_000;
/** Posts that an outage held up are still sent for so long after a round. */
const GRACE_MS = 15_000;
const SETTLE_MS = 20_000;
const LOOK_EVERY_MS = 200;
const EXTRA_POSTER = 1_000;

/**
 * Runs a scenario's rounds against a deployment of its own, which ends with the scope: load and faults as the seed draws them, then until
 * nothing is missing any more, then the check. Ends at the first round in which something is broken. Rejects when the servers or
 * clients cannot be brought up at all.
 */
export async function runScenario(scope: Scope, options: RunOptions): Promise<RunResult> {
  const scenario = scenarios[options.scenario];
  const setup = setups[options.setup];
  const planned = drawClients(options.size.clients);
  const deployment = await startDeployment(scope, setup);
  const client = setup.hasRedis ? openClient(scope, deployment.redis().url) : undefined;
  const history = new History(`${options.seed}-${Date.now().toString(36)}`);
  watchStalls(scope, history.stalls);
  const agent = new Agent({ keepAlive: true });
  endWith(scope, () => agent.destroy());
  const urls = (): string[] => deployment.slots.map((slot) => slot.url());
  const { detour } = options;
  const detours = detour === undefined ? undefined : await Promise.all(urls().map(detour));
  const wsUrls = (): string[] => (detours ?? urls()).map((url) => url.replace(/^http/, 'ws'));
  const crowd = startCrowd(scope, history, planned, wsUrls, options.seed);
  const posting = { history, agent, urls, prefix: history.tag, repeats: setup.rules.isDurable };
  let posters = EXTRA_POSTER;
  const postNow = (requests: readonly PlannedRequest[], isOver: () => boolean): Promise<void> =>
    runPoster(posting, posters++, requests, Date.now(), isOver);

  const round = async (plan: Plan): Promise<void> => {
    const beginMs = Date.now();
    const isOver = (): boolean => Date.now() > beginMs + options.size.roundMs + GRACE_MS;
    const flood = (uids: readonly string[]): Promise<void> => postNow(bulkRequests(uids, setup.instances, 0), isOver);
    const faults = plan.faults.map(async (fault) => {
      await sleep(Math.max(0, beginMs + fault.atMs - Date.now()));
      await inject({ deployment, crowd, history, client, flood }, fault);
    });
    const load = plan.posters.map((requests, poster) => runPoster(posting, poster, requests, beginMs, isOver));
    await Promise.all([...faults, ...load]);
  };
  const settleMs = options.settleMs ?? SETTLE_MS + setup.rules.recoveryMs;
  const settles = async (): Promise<boolean> => {
    const untilMs = Date.now() + settleMs;
    while (countMissing(history, setup.rules, Date.now()) > 0) {
      if (Date.now() > untilMs) return false;
      await sleep(LOOK_EVERY_MS);
    }
    return true;
  };

  await crowd.allWelcome(CONNECT_MS);
  const sinceMs = Date.now();
  let verdict: Verdict = check(history, setup.rules, sinceMs);
  let done = 0;
  for (; done < options.rounds && verdict.violations.length === 0; done += 1) {
    await round(drawPlan(options.seed + done, scenario, setup, options.size, planned));
    // What every client gets last: whatever would have come before it has come.
    if (await settles()) {
      await postNow(lastRequests(deployment), () => false);
      await settles();
    }
    verdict = check(history, setup.rules, Date.now());
    const { violations, delivered } = verdict;
    options.say?.(`round ${done + 1}/${options.rounds}: ${delivered} delivered so far, ${violations.length} broken`);
  }
  const { scenario: name, seed, size } = options;
  return summarize({ name, scenario, setup, seed, size, rounds: done, sinceMs, history, verdict });
}

function lastRequests({ slots }: Deployment): PlannedRequest[] {
  const envelope = { uids: null, type: 'notice', lifeMs: 0, padding: 0 };
  return slots.map(({ index }) => ({
    atMs: 0,
    slot: index,
    envelopes: [envelope],
    hasOwnIds: true,
    copies: 1,
    isImpersonated: false,
  }));
}
