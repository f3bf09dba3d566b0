import type * as Lmdb from 'lmdb';
import type { Database, RootDatabase } from 'lmdb';
import type { Entry } from './journal.ts';
import { DataDirError, reasonOf } from './disk-error.ts';
import { damaged, inspectDirectory, isFull, settleDirectory, storePath } from './disk-file.ts';
import {
  decodeEntries,
  decodeIds,
  decodeMid,
  decodeState,
  encodeEntries,
  encodeIds,
  encodeMid,
  encodeState,
  midKey,
  midOfKey,
  type RememberedId,
  type StoredState,
} from './disk-format.ts';
import { lockDirectory } from './disk-lock.ts';

/** What goes to the disk together: all of it or nothing. Groups are named by their first mid. */
export interface DiskBatch {
  readonly entries: readonly Entry[];
  readonly ids: readonly RememberedId[];
  readonly acks: readonly (readonly [uid: string, mid: number])[];
  /** Groups and uids that are not wanted any more. */
  readonly oldEntries: readonly number[];
  readonly oldIds: readonly number[];
  readonly oldAcks: readonly string[];
  readonly state: StoredState;
}

/** Receives what is in a store, each kind with the oldest first. */
export interface DiskReader {
  entries(first: number, entries: readonly Entry[]): void;
  ids(first: number, ids: readonly RememberedId[]): void;
  ack(uid: string, mid: number): void;
}

export interface DiskStore {
  /** Reads everything. Undefined: it is new. Throws a DataDirError. */
  load(begin: (state: StoredState) => DiskReader): StoredState | undefined;
  /** Resolves once the batch is on disk: LMDB has flushed the data, then the page that makes it count. Rejects with an Error. */
  commit(batch: DiskBatch): Promise<void>;
  /** The acks of up to `limit` uids after this one, in the order of their bytes. */
  acksAfter(uid: string, limit: number): (readonly [uid: string, mid: number])[];
  /** Writes and removes a little. Rejects as `commit` does. */
  probe(): Promise<void>;
  close(): Promise<void>;
  /** Gives the directory up without a write, where writes fail or do not end. */
  abandon(): Promise<void>;
}

type Table = Database<Buffer, Buffer>;

const stateKey = Buffer.from('state');
const ownerKey = Buffer.from('owner');
const probeKey = Buffer.from('probe');
const probeBytes = 64 * 1024;

/** Never a key of a uid: the longest uid has 256 bytes. */
const maxKeyBytes = 1024;

/**
 * Opens the store of a data directory and makes this process its owner. `fileBytes` is how much room its file is given; it grows
 * past it when it must. Throws a DataDirError.
 */
export async function openDiskStore(dir: string, fileBytes: number): Promise<DiskStore> {
  const lmdb = await loadLmdb();
  inspectDirectory(dir);
  const root = openRoot(lmdb, dir, fileBytes);
  const table = (name: string): Table =>
    root.openDB<Buffer, Buffer>(name, { encoding: 'binary', keyEncoding: 'binary' });
  const [entries, ids, acks, state] = [table('entries'), table('ids'), table('acks'), table('state')];
  const lock = await lockDirectory(dir, {
    read: () => state.get(ownerKey)?.toString() ?? '',
    swap(expected, next) {
      return root.transactionSync(() => {
        if ((state.get(ownerKey)?.toString() ?? '') !== expected) return false;
        if (next === '') void state.remove(ownerKey);
        else void state.put(ownerKey, Buffer.from(next));
        return true;
      });
    },
  }).catch(async (error: unknown) => {
    await root.close();
    throw error;
  });

  async function settled(written: Promise<boolean>): Promise<void> {
    try {
      await written;
    } catch (error) {
      const reason = await causeOf(error);
      const why = isFull(dir) ? `the disk is full (${reason})` : reason;
      throw new Error(`The journal in ${dir} cannot be written: ${why}.`, { cause: error });
    }
  }

  /** Within `batch`, where puts go into one transaction and have no promises of their own. */
  function write(batch: DiskBatch): void {
    for (const first of batch.oldEntries) void entries.remove(midKey(first));
    for (const first of batch.oldIds) void ids.remove(midKey(first));
    for (const uid of batch.oldAcks) void acks.remove(Buffer.from(uid));
    for (const [uid, mid] of batch.acks) {
      const key = Buffer.from(uid);
      if (key.length > 0 && key.length <= maxKeyBytes) void acks.put(key, encodeMid(mid));
    }
    const [first] = batch.entries;
    if (first !== undefined) void entries.put(midKey(first.mid), encodeEntries(batch.entries));
    const [firstId] = batch.ids;
    if (firstId !== undefined) void ids.put(midKey(firstId.mid), encodeIds(batch.ids));
    void state.put(stateKey, encodeState(batch.state));
  }

  function readAll(begin: (state: StoredState) => DiskReader): StoredState | undefined {
    const value = state.get(stateKey);
    if (value === undefined) {
      if (entries.getKeysCount({ limit: 1 }) > 0) throw new RangeError('its state is missing');
      return undefined;
    }
    const stored = decodeState(value);
    const reader = begin(stored);
    let groups = 0;
    let newest = 0;
    for (const { key, value } of entries.getRange()) {
      const group = decodeEntries(value);
      newest = group.at(-1)?.mid ?? 0;
      reader.entries(midOfKey(key), group);
      groups += 1;
    }
    if (groups !== stored.groups) throw new RangeError(`it has ${groups} groups of entries of ${stored.groups}`);
    if (newest > stored.last) throw new RangeError(`it has entries up to ${newest} and should end at ${stored.last}`);
    for (const { key, value } of ids.getRange()) reader.ids(midOfKey(key), decodeIds(value));
    for (const { key, value } of acks.getRange()) reader.ack(key.toString(), decodeMid(value));
    return stored;
  }

  return {
    load(begin) {
      try {
        const stored = readAll(begin);
        settleDirectory(dir, fileBytes);
        return stored;
      } catch (error) {
        throw error instanceof DataDirError ? error : damaged(dir, reasonOf(error), error);
      }
    },
    commit(batch) {
      return settled(state.batch(() => write(batch)));
    },
    acksAfter(uid, limit) {
      const key = Buffer.from(uid);
      const range =
        key.length === 0 ? acks.getRange({ limit }) : acks.getRange({ start: key, exclusiveStart: true, limit });
      return Array.from(range, ({ key, value }) => [key.toString(), decodeMid(value)] as const);
    },
    async probe() {
      await settled(state.put(probeKey, Buffer.alloc(probeBytes)));
      await settled(state.remove(probeKey));
    },
    async close() {
      await lock.release();
      await root.close();
    },
    abandon: () => lock.close(),
  };
}

async function loadLmdb(): Promise<typeof Lmdb> {
  try {
    return await import('lmdb');
  } catch (error) {
    const message = `this build of Tidings has no --data-dir: its store cannot be loaded (${reasonOf(error)})`;
    throw new DataDirError(message, { isUsage: true, cause: error });
  }
}

function openRoot(lmdb: typeof Lmdb, dir: string, fileBytes: number): RootDatabase<Buffer, Buffer> {
  try {
    return lmdb.open<Buffer, Buffer>({
      path: storePath(dir),
      noSubdir: true,
      encoding: 'binary',
      keyEncoding: 'binary',
      mapSize: fileBytes,
      maxDbs: 8,
      // A commit is over when it is flushed, not before: only then is a promise of a put one of durability.
      overlappingSync: false,
      // Else each turn's writes begin with a promise that is nobody's, and a full disk with an unhandled rejection.
      eventTurnBatching: false,
    });
  } catch (error) {
    throw new DataDirError(`cannot open the journal in ${dir}: ${reasonOf(error)}`, { cause: error });
  }
}

/** LMDB rejects with "Commit failed" and a promise of why. */
async function causeOf(error: unknown): Promise<string> {
  if (!(error instanceof Error) || !('commitError' in error)) return reasonOf(error);
  try {
    await error.commitError;
    return reasonOf(error);
  } catch (cause) {
    // With the numbers of LMDB's pages, which help nobody.
    return reasonOf(cause).replace(/: Attempting to .*/, '');
  }
}
