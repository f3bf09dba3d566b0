import { createRedisJournal } from '../../src/journal/redis.ts';
import { createBullmqQueue } from '../../src/queue/bullmq.ts';
import { placeAt, plenty, quiet } from './redis-place.ts';
import { sampleMessages } from './sample-message.ts';

// An instance in a process of its own, that accepts m1 to m5 and whose worker never comes to the end of that job: it is to
// be killed with the job in its hands. Arguments: the port of the Redis; `appends` when the messages are to be in the journal by then.
const [port = '', appends = ''] = process.argv.slice(2);
const place = placeAt(Number(port), 'tidings');
const journal = createRedisJournal({ log: quiet }, { ...place, retention: plenty });
const holding = {
  ...journal,
  async append(messages: Parameters<typeof journal.append>[0]) {
    if (appends === 'appends') await journal.append(messages);
    process.stdout.write(`holds ${messages.length}\n`);
    return new Promise<never>(() => {});
  },
};
const queue = createBullmqQueue({ journal: holding, log: quiet, now: Date.now, onExpired: () => {} }, place);
await journal.start(() => {});
await queue.start();
const messages = sampleMessages(5);
while (!(await queue.accept(messages)).ok) await new Promise((resolve) => setTimeout(resolve, 10));
