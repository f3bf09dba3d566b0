import { promised } from './promised.ts';
import { unpromised } from './unpromised.ts';

/** All scenarios, in the order of the table. */
export const scenarios = { ...promised, ...unpromised };

export type HaName = keyof typeof scenarios;
export const haNames = Object.keys(scenarios) as HaName[];
