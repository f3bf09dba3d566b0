/** Numbers from 0 to 1 that are the same for the same seed. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    return mixed(state) / 2 ** 32;
  };
}

/** A whole number from 0 to 2^32 - 1, each of whose bits depends on all of the bits of `value`. */
function mixed(value: number): number {
  let bits = value;
  bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d);
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/**
 * Rendezvous hashing: each shard has a hash of its name and the uid, and the highest wins. A new shard takes its part from all the others,
 * and nothing moves between those.
 */
export function shardOf(uid: number, shards: number): number {
  const own = mixed(uid + 0x9e3779b9);
  let best = -1;
  let winner = 0;
  for (let shard = 0; shard < shards; shard += 1) {
    const score = mixed((own ^ Math.imul(shard + 1, 0x85ebca6b)) >>> 0);
    if (score <= best) continue;
    best = score;
    winner = shard;
  }
  return winner;
}

/** The common alternative: with another count of shards almost everybody moves. */
export function shardByRemainder(uid: number, shards: number): number {
  return mixed(uid + 0x9e3779b9) % shards;
}

/** Log-normal with a mean of 1: most are below it, and few are far above it. */
export function activityOf(random: () => number, sigma: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.exp(sigma * normal - (sigma * sigma) / 2);
}

/** How many of an event with this mean happen: Poisson, for large means by its normal likeness. */
export function countOf(random: () => number, mean: number): number {
  if (mean > 50) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count += 1;
  return count;
}

/** Where `target` falls in sums that rise: a draw with the weights that they sum up. */
export function indexIn(sums: Float64Array, target: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sums[middle] ?? 0) > target) high = middle;
    else low = middle + 1;
  }
  return low;
}
