import type { Chance } from '../unit/seeded.ts';

export interface PlannedEnvelope {
  /** Null: all. */
  readonly uids: readonly string[] | null;
  readonly type: string;
  /** Milliseconds from its posting to its expiry; 0: never. */
  readonly lifeMs: number;
  /** Characters that make it longer. */
  readonly padding: number;
}

/** One POST: an envelope, or a batch of them. */
export interface PlannedRequest {
  /** Not before. */
  readonly atMs: number;
  readonly slot: number;
  readonly envelopes: readonly PlannedEnvelope[];
  /** With ids of its own it is repeated until it is accepted; without, one attempt has to do. */
  readonly hasOwnIds: boolean;
  /** How many go out at the same time, to different instances. */
  readonly copies: number;
  /** Followed by another body under the same id: of what does not expire, whose id is remembered for sure. */
  readonly isImpersonated: boolean;
}

export interface Load {
  readonly uids: readonly string[];
  readonly types: readonly string[];
  readonly slots: number;
  readonly copiedShare: number;
}

const HOUR_MS = 3_600_000;

/** One poster's requests for a round, `gapMs` apart in the mean. */
export function drawRequests(chance: Chance, load: Load, roundMs: number, gapMs: number): PlannedRequest[] {
  const requests: PlannedRequest[] = [];
  for (let atMs = chance.below(gapMs); atMs < roundMs; atMs += 1 + chance.below(2 * gapMs)) {
    const hasOwnIds = chance.happens(0.6);
    const isBatch = chance.happens(0.1);
    const envelopes = Array.from({ length: isBatch ? 2 + chance.below(3) : 1 }, () => drawEnvelope(chance, load));
    requests.push({
      atMs,
      slot: chance.below(load.slots),
      envelopes,
      hasOwnIds,
      copies: hasOwnIds && chance.happens(load.copiedShare) ? 2 + chance.below(2) : 1,
      isImpersonated: hasOwnIds && !isBatch && envelopes[0]?.lifeMs === 0 && chance.happens(0.03),
    });
  }
  return requests;
}

function drawEnvelope(chance: Chance, { uids, types }: Load): PlannedEnvelope {
  return {
    uids: drawUids(chance, uids),
    type: chance.happens(0.6) ? 'notice' : chance.pick(types),
    lifeMs: drawLifeMs(chance),
    padding: chance.happens(0.02) ? 4_000 : chance.below(200),
  };
}

function drawUids(chance: Chance, uids: readonly string[]): readonly string[] | null {
  if (chance.happens(0.04)) return null;
  const count = chance.happens(0.02) ? 30 : 1 + chance.below(3);
  return [...new Set(Array.from({ length: count }, () => chance.pick(uids)))];
}

/** Most live for ever, a fifth for moments, a tenth for longer than any run: an expiry that must not be taken for a moment. */
function drawLifeMs(chance: Chance): number {
  if (chance.happens(0.7)) return 0;
  return chance.happens(0.66) ? 400 + chance.below(4_000) : HOUR_MS + chance.below(HOUR_MS);
}

/** What slow readers are sent while they do not read: more than socket buffers take. */
export function bulkRequests(uids: readonly string[], slots: number, atMs: number): PlannedRequest[] {
  const envelope: PlannedEnvelope = { uids, type: 'notice', lifeMs: 0, padding: 60_000 };
  return Array.from({ length: 100 }, (_, index) => ({
    atMs: atMs + index * 5,
    slot: index % slots,
    envelopes: [envelope],
    hasOwnIds: true,
    copies: 1,
    isImpersonated: false,
  }));
}
