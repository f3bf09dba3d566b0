// In which order the files of a group are taken, and which of them run beside the others.

/**
 * The files that take longest, in seconds on two cores, and whether they wait for most of that time (less than 0.4 of a
 * core). A figure that is out of date costs some seconds of the whole run and nothing else.
 * @type {Record<string, { seconds: number, waits?: boolean }>}
 */
export const longest = {
  'unit/hub-behind': { seconds: 11 },

  'contract/queue-cluster': { seconds: 11 },

  'integration/tls': { seconds: 41 },
  'integration/redis-sentinel': { seconds: 41 },
  'integration/redis-cluster': { seconds: 41 },
  'integration/process-redis': { seconds: 26 },
  'integration/build-sh': { seconds: 26 },
  'integration/doors-matrix': { seconds: 18 },
  'integration/hostile-frames': { seconds: 18 },
  'integration/slow': { seconds: 16 },
  'integration/nginx-drain': { seconds: 15 },
  'integration/receipts-redis': { seconds: 15 },
  'integration/workers-process': { seconds: 15 },
  'integration/data-dir-failures': { seconds: 14 },
  'integration/deploy-image': { seconds: 14 },
  'integration/hostile-slow': { seconds: 14 },
  'integration/seats': { seconds: 14 },
  'integration/standing-topology': { seconds: 14 },
  'integration/tickets': { seconds: 14 },
  'integration/token-keys': { seconds: 13 },
  'integration/process': { seconds: 13 },
  'integration/readme': { seconds: 13 },
  'integration/workers': { seconds: 13 },
  'integration/admin-keys': { seconds: 11 },
  'integration/admission': { seconds: 11 },
  'integration/drain': { seconds: 11 },
  'integration/drain-workers': { seconds: 10 },
  'integration/hostile-crowd': { seconds: 11 },
  'integration/send-errors': { seconds: 11 },

  'integration/failback': { seconds: 42, waits: true },
  'integration/failback-workers': { seconds: 34, waits: true },
  'integration/outage': { seconds: 30, waits: true },
  'integration/bullmq-failed': { seconds: 28, waits: true },
  'integration/clock-jump': { seconds: 22, waits: true },
  'integration/standing-outage': { seconds: 21, waits: true },
  'integration/bullmq-redelivery': { seconds: 19, waits: true },
  'integration/redis-refusals': { seconds: 17, waits: true },
  'integration/redis-outage': { seconds: 13, waits: true },
  'integration/bullmq-outage': { seconds: 13, waits: true },
  'integration/scripts/test-file': { seconds: 13, waits: true },
  'integration/redis-two-masters': { seconds: 11, waits: true },
  'integration/bad-input': { seconds: 8, waits: true },
  'integration/tokens': { seconds: 7, waits: true },
  'integration/data-dir-faults': { seconds: 6, waits: true },

  'chaos/mix-bullmq': { seconds: 30 },
  'chaos/mix-redis': { seconds: 28 },
  'chaos/mix-workers': { seconds: 30 },
  'chaos/mix-disk': { seconds: 21 },
  'chaos/control': { seconds: 11 },

  'ha/pair': { seconds: 40 },
  'ha/around': { seconds: 32 },
  'ha/pair-workers': { seconds: 20 },
};

/**
 * Hands out file after file, longest first. A file that mostly waits goes to who asks for one (`{ waiting: true }`), who
 * gets no other; everybody else gets one when nothing else is left.
 */
export function orderOf(files, nameOf, known = longest) {
  const secondsOf = (file) => known[nameOf(file)]?.seconds ?? 0;
  const inOrder = [...files].sort((one, other) => secondsOf(other) - secondsOf(one));
  const waiting = inOrder.filter((file) => known[nameOf(file)]?.waits === true);
  const busy = inOrder.filter((file) => known[nameOf(file)]?.waits !== true);
  return {
    next: ({ waiting: isForWaiting }) => (isForWaiting ? waiting.shift() : (busy.shift() ?? waiting.shift())),
  };
}
