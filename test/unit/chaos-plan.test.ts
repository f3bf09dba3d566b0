import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOptions } from '../chaos/options.ts';
import { drawClients } from '../chaos/plan-clients.ts';
import { CALM_MS } from '../chaos/plan-faults.ts';
import { drawPlan } from '../chaos/plan.ts';
import { faultsFor, scenarioNames, scenarios } from '../chaos/scenarios.ts';
import { setupNames, setups, type Setup } from '../chaos/setups.ts';
import { longestFree } from '../chaos/spans.ts';

const size = { clients: 60, requestsPerSecond: 100, roundMs: 20_000 };
const clients = drawClients(size.clients);
const planOf = (seed: number) => drawPlan(seed, scenarios.mix, setups.redis, size, clients);

test('the same seed gives the same plan, another one another', () => {
  assert.deepEqual(planOf(7), planOf(7));
  assert.notDeepEqual(planOf(7).faults, planOf(8).faults);
  assert.notDeepEqual(planOf(7).posters, planOf(8).posters);
  assert.deepEqual(drawClients(60), clients);
});

test('every fault of a scenario that a set-up can have is planned at least once, within the round and after its calm begin', () => {
  let planned = 0;
  for (const name of scenarioNames) {
    for (const setupName of setupNames) {
      const setup = setups[setupName];
      const kinds = faultsFor(scenarios[name], setup);
      const { faults } = drawPlan(3, scenarios[name], setup, size, clients);
      assert.deepEqual(
        [...new Set(faults.map(({ kind }) => kind))].sort(),
        [...kinds].sort(),
        `${name} on ${setupName}`,
      );
      for (const { atMs, slot } of faults) {
        assert.ok(atMs >= CALM_MS && atMs < size.roundMs);
        assert.ok(slot < setup.instances);
      }
      planned += faults.length;
    }
  }
  assert.ok(planned > 100, `${planned} faults`);
});

test('faults of workers are planned only where there are workers, and hit each of them', () => {
  const ofWorkers = (setup: Setup): readonly string[] =>
    faultsFor(scenarios.mix, setup).filter((kind) => /-workers?$/.test(kind));
  for (const setup of Object.values(setups)) {
    const due = setup.workers > 1 ? ['kill-worker', 'kill-workers', 'pause-worker'] : [];
    assert.deepEqual(ofWorkers(setup), due, setup.name);
    assert.equal(setup.workers > 1, setup.flags({ redis: 'r', dir: 'd' }).includes('--workers=2'), setup.name);
  }
  const { faults } = drawPlan(5, scenarios['kill-worker'], setups.workers, { ...size, roundMs: 120_000 }, clients);
  const chosen = faults.filter(({ kind }) => kind === 'kill-worker').map(({ worker }) => worker);
  assert.deepEqual(new Set(chosen), new Set([0, 1]));
});

test('the load has everything that is judged: all and uids, expiries near and far, batches, copies, impostors', () => {
  const requests = planOf(1).posters.flat();
  const envelopes = requests.flatMap((request) => request.envelopes);
  assert.ok(Math.abs(requests.length - 2_000) < 300, `${requests.length} requests`);
  for (const [what, found] of Object.entries({
    all: envelopes.some(({ uids }) => uids === null),
    many: envelopes.some(({ uids }) => (uids?.length ?? 0) > 20),
    near: envelopes.some(({ lifeMs }) => lifeMs > 0 && lifeMs < 5_000),
    far: envelopes.some(({ lifeMs }) => lifeMs > 3_000_000),
    batch: requests.some((request) => request.envelopes.length > 1),
    copies: requests.some(({ copies }) => copies > 1),
    impostor: requests.some(({ isImpersonated }) => isImpersonated),
    withoutIds: requests.some(({ hasOwnIds }) => !hasOwnIds),
  })) {
    assert.ok(found, what);
  }
});

test('only what has ids of its own is sent more than once', () => {
  const wrong = planOf(2)
    .posters.flat()
    .filter((request) => !request.hasOwnIds && (request.copies > 1 || request.isImpersonated));
  assert.deepEqual(wrong, []);
});

test('some clients share a uid, and all of them take notices', () => {
  assert.ok(new Set(clients.map(({ uid }) => uid)).size < clients.length);
  assert.ok(clients.every(({ types }) => types.includes('notice')));
  assert.ok(clients.some(({ types }) => types.length === 1));
});

test('the command line: 30 minutes are 30 rounds of the mix on each set-up', () => {
  const options = parseOptions(['--minutes=30'], 42);
  assert.ok(options !== 'list');
  assert.deepEqual([options.rounds, options.size.roundMs, options.seed], [30, 60_000, 42]);
  assert.deepEqual([options.scenarios, options.setups], [['mix'], setupNames]);
  assert.throws(() => parseOptions(['--setup=disc'], 1), /no set-up "disc"; there are: redis/);
  assert.throws(() => parseOptions(['--only=nothing'], 1), /no scenario "nothing"/);
  assert.throws(() => parseOptions(['--minutes=x'], 1), /--minutes/);
});

test('the longest free stretch: within the inside, between the obstacles', () => {
  const whole = { startedMs: 0, endedMs: 100 };
  const spans = (...pairs: [number, number][]) => pairs.map(([startedMs, endedMs]) => ({ startedMs, endedMs }));
  assert.equal(longestFree(whole, spans([-50, 500]), []), 100);
  assert.equal(longestFree(whole, spans([10, 40], [60, 80]), []), 30);
  assert.equal(longestFree(whole, spans([0, 100]), spans([70, 75], [20, 30], [25, 40])), 30);
  assert.equal(longestFree(whole, spans([0, 100]), spans([-10, 110])), 0);
  assert.equal(longestFree(whole, [], []), 0);
});
