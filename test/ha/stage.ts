import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, History } from '../chaos/history.ts';
import { eventually } from '../support/deadline.ts';
import { request } from '../support/request.ts';
import type { Listeners } from './listeners.ts';
import type { Member, Pair } from './pair.ts';

/** What a scenario does its work on, while posts go on and listeners listen. */
export interface Stage {
  readonly pair: Pair;
  readonly history: History;
  readonly listeners: Listeners;
  readonly isFull: boolean;
  readonly say: (line: string) => void;
}

/** As long as it is written in the full run, and `shortMs` in the short one. */
export async function rest({ isFull }: Stage, fullMs: number, shortMs: number): Promise<void> {
  await sleep(isFull ? fullMs : shortMs);
}

/** Does something to the pair, and notes when and what. The kinds are those of chaos/history.ts and chaos/scenarios.ts. */
export async function fault(stage: Stage, kind: string, target: string, act: () => Promise<void>): Promise<Fault> {
  const { history, say } = stage;
  const noted = history.beginFault(kind, target, 0, Date.now());
  say(`${kind} ${target}`);
  await act();
  noted.endedMs = Date.now();
  say(`${kind} ${target}: done after ${noted.endedMs - noted.startedMs} ms`);
  return noted;
}

const SERVES_MS = 40_000;
const EMPTIED_MS = 90_000;
const BACK_MS = 40_000;

/** Resolves when nginx sends posts to this member: an instance that has just come back gets one as a try. */
export async function serves(stage: Stage, member: Member): Promise<void> {
  const before = await member.accepted();
  const probe = async (): Promise<true | undefined> => (await member.accepted()) > before + 2 || undefined;
  await eventually(probe, `nginx to send posts to the ${member.name} again`, SERVES_MS);
  stage.say(`the ${member.name} serves`);
}

export async function isReady(stage: Stage, member: Member): Promise<void> {
  const probe = async (): Promise<true | undefined> =>
    (await request(`${member.instance.url}/readyz`)).status === 200 || undefined;
  await eventually(probe, `the ${member.name} to be ready`, SERVES_MS);
  stage.say(`the ${member.name} is ready`);
}

/** Resolves when every listener is connected again, or when that takes too long: what then is missing is judged with the rest. */
export async function allBack(stage: Stage): Promise<void> {
  const said = await stage.listeners.allWelcome(BACK_MS).then(() => 'every listener is connected', String);
  stage.say(said);
}

/** Resolves when this member holds every listener: right after a kill they may not have noticed yet that they were lost. */
export async function allOn(stage: Stage, member: Member): Promise<void> {
  const count = stage.history.clients.length;
  const probe = async (): Promise<true | undefined> => (await member.connections()) >= count || undefined;
  stage.say(
    await eventually(probe, `the ${member.name} to hold all`, BACK_MS).then(
      () => `the ${member.name} holds all`,
      String,
    ),
  );
  await allBack(stage);
}

/** Resolves when a member holds no listener any more, since it has handed all of them over; or when that takes too long. */
export async function emptied(stage: Stage, member: Member): Promise<void> {
  const probe = async (): Promise<true | undefined> => (await member.connections()) === 0 || undefined;
  const emptied = eventually(probe, `the ${member.name} to be without listeners`, EMPTIED_MS);
  stage.say(await emptied.then(() => `the ${member.name} holds no listener`, String));
}
