import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { noAnswer } from '../../src/cluster/supervisor-line.ts';
import { createCrewRun, typesOf } from './crew-run.ts';
import { settled } from './hub-run.ts';

const question = { name: 'sum', about: z.null(), answer: z.number() };

test('a worker that hangs does not hold a stop up for as long as a drain may take', async (t) => {
  const { crew, processes, start, tick } = createCrewRun(t, 2, 600_000);
  await start();
  const stopped = crew.stop({ hurried: true });
  const [first, second] = processes;
  for (let look = 0; look < 16; look += 1) {
    assert.equal(first?.isKilled, false);
    tick(1000);
    second?.onMessage({ type: 'pong' });
  }
  assert.deepEqual([first?.isKilled, second?.isKilled], [true, false]);
  first?.onExit('SIGKILL');
  second?.onExit(0);
  await stopped;
});

test('a question goes to those that are ready; who does not answer is not waited for', async (t) => {
  const { crew, processes, start, tick } = createCrewRun(t);
  await start();
  const asked = crew.ask(question, null);
  for (const [index, process] of processes.entries()) {
    const ask = process.heard.at(-1);
    assert.ok(ask?.type === 'ask');
    process.onMessage({ type: 'reply', ask: ask.ask, answer: 40 + index });
  }
  assert.deepEqual(await asked, { answers: [40, 41], instances: 2 });
  const again = crew.ask(question, null);
  await settled();
  tick(500);
  assert.deepEqual(await again, { answers: [], instances: 2 });
});

test('a stop: all drain, then the door is closed, then all end', async (t) => {
  const { crew, processes, steps, start } = createCrewRun(t);
  await start();
  const stopped = crew.stop({ hurried: false });
  const [one, two] = processes;
  assert.ok(one !== undefined && two !== undefined);
  one.onMessage({ type: 'drained' });
  await settled();
  assert.ok(!steps.includes('closed'), 'the other still takes connections');
  void crew.stop({ hurried: true });
  assert.deepEqual(one.heard.at(-1), { type: 'stop', hurried: true });
  two.onMessage({ type: 'drained' });
  await settled();
  assert.ok(steps.includes('closed'));
  assert.deepEqual(
    [typesOf(one), typesOf(two)],
    [
      ['start', 'stop', 'stop', 'end'],
      ['start', 'stop', 'stop', 'end'],
    ],
  );
  one.onExit(0);
  two.onExit(0);
  await stopped;
  assert.equal(processes.length, 2, 'nobody is replaced then');
});

test('a stop ends in time: who hangs is killed, and who is between two lives is not started', async (t) => {
  const { crew, processes, start, tick } = createCrewRun(t);
  await start();
  const [hanging, dead] = processes;
  dead?.onExit('SIGSEGV');
  const stopped = crew.stop({ hurried: false });
  tick(9_999);
  assert.equal(hanging?.isKilled, false);
  tick(1);
  assert.equal(hanging?.isKilled, true);
  hanging?.onExit('SIGKILL');
  await stopped;
  tick(60_000);
  assert.equal(processes.length, 2);
});

test('a worker asks its supervisor: it is answered now, later, or that there is no answer', async (t) => {
  const { processes, start, answers, ended } = createCrewRun(t);
  await start();
  const [one] = processes;
  assert.ok(one !== undefined);
  answers.set('1 now', (about) => ({ now: about }));
  answers.set('1 later', (about) => Promise.resolve({ later: about }));
  answers.set('1 fails', () => Promise.reject(new Error('planted')));
  answers.set('2 now', () => 'of another worker');
  for (const [index, name] of ['now', 'later', 'fails', 'unknown'].entries()) {
    one.onMessage({ type: 'ask', ask: index + 1, name, about: name });
    await settled();
  }
  let told: unknown;
  answers.set('1 told', (about) => (told = about));
  one.onMessage({ type: 'ask', ask: noAnswer, name: 'told', about: 'this' });
  await settled();
  assert.deepEqual(
    one.heard.filter(({ type }) => type === 'answer'),
    [{ now: 'now' }, { later: 'later' }, null, null].map((answer, index) => ({
      type: 'answer',
      ask: index + 1,
      answer,
    })),
  );
  assert.equal(told, 'this', 'who waits for no answer gets none');
  one.onExit('SIGKILL');
  assert.deepEqual(ended, [1]);
});
