import type { Question } from './peers.ts';

/** What one instance can be asked, by name. */
export class Handlers {
  readonly #byName = new Map<string, (about: unknown) => unknown>();

  add<About, Answer>({ name, about }: Question<About, Answer>, handler: (about: About) => Answer): void {
    this.#byName.set(name, (value) => {
      const read = about.safeParse(value);
      return read.success ? handler(read.data) : null;
    });
  }

  /** Null: nobody here knows the question, or what it is about is not readable. */
  answer(name: string, about: unknown): unknown {
    return this.#byName.get(name)?.(about) ?? null;
  }
}

/** The answers that can be read. */
export function readAnswers<Answer>({ answer }: Pick<Question<unknown, Answer>, 'answer'>, values: Iterable<unknown>) {
  const answers: Answer[] = [];
  for (const value of values) {
    const read = answer.safeParse(value);
    if (read.success) answers.push(read.data);
  }
  return answers;
}
