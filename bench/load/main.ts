/** The generator's process: `node main.js '<plan as JSON>'` prints the result as one JSON line, or fails with why. */
import { DEFAULT_PLAN, type LoadPlan } from './plan.ts';
import { runPlan } from './run-plan.ts';

const given = JSON.parse(process.argv[2] ?? '{}') as LoadPlan;
try {
  const result = await runPlan({ ...DEFAULT_PLAN, ...given });
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`, () => process.exit(1));
}
