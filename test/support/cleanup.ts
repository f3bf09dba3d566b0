/**
 * Where a test's things end: the context of a test (`t`), or `{ after }` of node:test within a suite.
 */
export interface Scope {
  after(end: () => Promise<void>): void;
}

type End = () => Promise<void> | void;

const endsByScope = new WeakMap<Scope, End[]>();

/**
 * Has `end` run when the scope is over: the last registered first, so that a server ends before the Redis it uses. One
 * that fails keeps none of the others from running, and fails the test.
 */
export function endWith(scope: Scope, end: End): void {
  const known = endsByScope.get(scope);
  if (known !== undefined) {
    known.push(end);
    return;
  }
  const ends = [end];
  endsByScope.set(scope, ends);
  scope.after(() => runInReverse(ends));
}

async function runInReverse(ends: End[]): Promise<void> {
  const errors: unknown[] = [];
  for (let end = ends.pop(); end !== undefined; end = ends.pop()) {
    try {
      await end();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, errors.map(String).join('\n'));
}
