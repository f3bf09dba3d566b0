import * as fc from 'fast-check';
import { byteStreams } from './byte-shapes.ts';
import type { Input } from './input.ts';
import { listeners } from './listener-shapes.ts';
import { requests } from './request-shapes.ts';

const inputs: fc.Arbitrary<Input> = fc.oneof(
  { weight: 12, arbitrary: requests },
  { weight: 3, arbitrary: byteStreams },
  { weight: 3, arbitrary: listeners },
);

/** How many are made together: after them it is looked at how the server is. */
const roundSize = 300;

/** Golden ratio of 2^32: rounds whose seeds lie side by side would be alike. */
const stride = 0x9e37_79b9;

/** The inputs of one round. The same seed and round give the same bytes, whatever ran before. */
export function inputsOf(seed: number, round: number): Input[] {
  return fc.sample(inputs, { seed: (Math.imul(round + 1, stride) ^ seed) | 0, numRuns: roundSize }).filter(isHarmless);
}

/** A server that is asked to drain does so, and is not broken then. */
function isHarmless(input: Input): boolean {
  return input.kind === 'listener' || !/\/drain/i.test(input.bytes.toString('latin1'));
}
