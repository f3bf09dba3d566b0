/** Where a Redis server listens. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

/** The same server has the same id, by whatever name it was reached. */
export interface FoundServer extends RedisAddress {
  readonly id: string;
}

/** The server to talk to is not known now. The message is a sentence for an operator. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
}

/** Knows which of several servers of Redis takes writes now. One for all connections of a process. */
export interface RedisFinder {
  /** What an operator calls that server: `Redis master mymaster`. */
  readonly name: string;
  /** Asks anew; who asks meanwhile is given the same answer. Rejects with a NotFoundError. */
  find(): Promise<FoundServer>;
  /** The last that was found. */
  current(): FoundServer | undefined;
  /** Has `onMoved` called once, when another server is found from now on or was found already; until the function returned is called. */
  use(server: FoundServer, onMoved: () => void): () => void;
}

/** How one kind of deployment is asked. */
export interface RedisSearch {
  readonly name: string;
  /** Rejects with an error whose message is a sentence. */
  look(): Promise<FoundServer>;
  /** Calls `onHint` when it is worth while to look again; until the function returned is called. */
  watch(onHint: () => void): () => void;
}

/**
 * Connections that stand on one server must move together: one that listens on the old server while the other writes to the new one
 * would hear nothing. So whoever finds another server sends all of them there. It is watched for while somebody is connected.
 */
export function createFinder(search: RedisSearch): RedisFinder {
  const users = new Map<() => void, string>();
  let current: FoundServer | undefined;
  let looking: Promise<FoundServer> | undefined;
  let unwatch = (): void => {};

  function adopt(found: FoundServer): FoundServer {
    current = found;
    for (const [onMoved, id] of [...users]) {
      if (id === found.id) continue;
      forget(onMoved);
      onMoved();
    }
    return found;
  }

  function forget(user: () => void): void {
    if (users.delete(user) && users.size === 0) unwatch();
  }

  function find(): Promise<FoundServer> {
    looking ??= search
      .look()
      .then(adopt)
      .finally(() => (looking = undefined));
    return looking;
  }

  /** What is under way may have asked too early. */
  async function findAnew(): Promise<void> {
    await looking?.catch(() => {});
    await find().catch(() => {});
  }

  return {
    name: search.name,
    find,
    current: () => current,
    use(server, onMoved) {
      if (current !== undefined && current.id !== server.id) {
        onMoved();
        return () => {};
      }
      // A function of its own, so that two users may come with the same one.
      const user = (): void => onMoved();
      users.set(user, server.id);
      if (users.size === 1) unwatch = search.watch(() => void findAnew());
      return () => forget(user);
    },
  };
}
