/**
 * `node build/bench/sharding-simulation.js [--seed=N] [--seconds=60]`: uids over shards by rendezvous, with users of very unequal
 * activity, drawn message by message, beside the arithmetic of docs/scaling.md. Prints the Markdown that stands there. About 20 s and 300 MB.
 */
import { parseArgs } from 'node:util';
import { simulate } from './sharding-tables.ts';

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '20261121' }, seconds: { type: 'string', default: '60' } },
});
process.stdout.write(`${simulate({ seed: Number(values.seed), seconds: Number(values.seconds) }).join('\n')}\n`);
