import { createRedisJournal } from '../../src/journal/redis.ts';
import { createBullmqQueue } from '../../src/queue/bullmq.ts';
import { machineClock } from './machine-clock.ts';
import { placeAt, plenty, quiet } from './redis-place.ts';
import { sampleMessages } from './sample-message.ts';

// An instance in a process of its own, that accepts m1 to m5 and whose worker never comes to the end of that job: it is to
// be killed with the job in its hands. Arguments: the port of the Redis; `appends` when the messages are to be in the journal by then.
const [port = '', appends = ''] = process.argv.slice(2);
const place = placeAt(Number(port), 'tidings');
const deps = { log: quiet, clock: machineClock, onExpired: () => {} };
const options = { ...place, retention: plenty };
const journal = createRedisJournal(deps, options);
const holding = {
  ...journal,
  async append(...call: Parameters<typeof journal.append>) {
    if (appends === 'appends') await journal.append(...call);
    process.stdout.write(`holds ${call[0].length}\n`);
    return new Promise<never>(() => {});
  },
};
const queue = createBullmqQueue({ ...deps, journal: holding }, options);
await journal.start(() => {});
await queue.start();
const messages = sampleMessages(5);
while (!(await queue.accept(messages)).ok) await new Promise((resolve) => setTimeout(resolve, 10));
