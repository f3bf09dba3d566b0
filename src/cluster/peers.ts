/** Reads what came from elsewhere; a zod schema does. */
export interface Reader<T> {
  safeParse(value: unknown): { readonly success: true; readonly data: T } | { readonly success: false };
}

/** Something that every instance of a deployment can be asked, or told. What goes over the wire is JSON. */
export interface Question<About, Answer> {
  /** Never used again for something else: instances of two versions may talk during a deploy. */
  readonly name: string;
  readonly about: Reader<About>;
  readonly answer: Reader<Answer>;
}

export interface Replies<Answer> {
  /** Of the instances that answered in time, this one included; in no order. */
  readonly answers: readonly Answer[];
  /** How many instances were asked, this one included. More than `answers`: some hang, or do not know the question. */
  readonly instances: number;
}

/**
 * All instances of a deployment, for what only they themselves know (what is in their memory) or can do (to their connections). Not
 * for the line of a message: a question costs a round trip to each instance, and nothing is stored.
 */
export interface Peers {
  /** Begins to hear questions. Resolves at once; a store that is away is waited for. */
  start(): Promise<void>;

  /** Answers the questions of this name from now on, also those of this instance. The handler must return soon. */
  handle<About, Answer>(question: Question<About, Answer>, handler: (about: About) => Answer): void;

  /**
   * Asks every instance and waits for the answers, though not for long: an instance that hangs is not in them. Rejects when the
   * question cannot be sent.
   */
  ask<About, Answer>(question: Question<About, Answer>, about: About): Promise<Replies<Answer>>;

  stop(): Promise<void>;
}
