import { createRedisJournal } from '../../src/journal/redis.ts';
import { createBullmqQueue } from '../../src/queue/bullmq.ts';
import { machineClock } from './machine-clock.ts';
import { plenty, placeAt, quiet } from './redis-place.ts';
import { sampleMessage } from './sample-message.ts';

// An instance in a process of its own, since whom Node trusts is settled when a process starts. Posts once over TLS to the port
// that is its argument, and prints what it is told, or why it is not.
const { settings, ...place } = placeAt(Number(process.argv[2]), 'tidings');
const deps = { log: quiet, clock: machineClock, onExpired: () => {} };
const options = { ...place, retention: plenty, settings: { ...settings, host: 'localhost', tls: true } };
const journal = createRedisJournal(deps, options);
const queue = createBullmqQueue({ ...deps, journal }, options);
const told = new Promise<string>((resolve) => {
  void journal
    .start(([entry]) => resolve(`told ${entry?.message.id}`))
    .then(async () => {
      await queue.start();
      const answer = await queue.accept([sampleMessage()]);
      if (!answer.ok) resolve(answer.reason);
    });
});
process.stdout.write(`${await told}\n`);
await queue.stop();
await journal.stop();
