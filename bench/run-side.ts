import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LoadPlan } from './load/plan.ts';
import { DEFAULT_PLAN } from './load/plan.ts';
import type { LoadResult } from './load/run-plan.ts';
import { openFilesLimit } from './machine.ts';
import { pinning } from './pinning.ts';
import type { Side } from './scenarios.ts';
import { startServer } from './servers.ts';

/** One measured run: what the generator saw, or why there is nothing to see. */
export interface SideRun {
  /** Undefined when server or generator failed. */
  result: LoadResult | undefined;
  /** Why the run does not count; empty: it does. */
  invalid: string;
}

/** Files that a process needs beside its connections. */
const SPARE_FILES = 900;
const GENERATOR_DEADLINE_MS = 150_000;

/** A fresh server, one run of the generator against it, both gone at the end. Never throws. */
export async function runSide(side: Side, root: string, quick: boolean): Promise<SideRun> {
  try {
    const server = await startServer(side.server, root);
    try {
      const { port, serverPids, storePids, credentials } = server;
      const plan = fitToLimits({ ...DEFAULT_PLAN, ...side.plan, port, serverPids, storePids, credentials }, quick);
      const result = await generate(plan, root);
      return { result, invalid: result.problems };
    } finally {
      await server.stop();
    }
  } catch (error) {
    return { result: undefined, invalid: error instanceof Error ? error.message : String(error) };
  }
}

function fitToLimits(plan: LoadPlan, quick: boolean): LoadPlan {
  const connections = Math.min(plan.connections, openFilesLimit() - SPARE_FILES);
  if (!quick) return { ...plan, connections };
  return { ...plan, connections, durationMs: plan.durationMs / 4, warmupMs: plan.warmupMs / 4 };
}

async function generate(plan: LoadPlan, root: string): Promise<LoadResult> {
  const script = join(root, 'build/bench/load/main.js');
  const [program, args] = pinning.wrap('load', process.execPath, [script, JSON.stringify(plan)]);
  const { stdout } = await promisify(execFile)(program, args, { timeout: GENERATOR_DEADLINE_MS }).catch(
    (error: Error & { stderr?: string }) => {
      throw new Error(`generator: ${error.stderr?.trim() || error.message}`);
    },
  );
  return JSON.parse(stdout) as LoadResult;
}
