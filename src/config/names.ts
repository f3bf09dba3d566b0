/** A name that exists, and how an error line writes it: `{ name: 'port', shown: '--port' }`. */
export interface KnownName {
  readonly name: string;
  readonly shown: string;
}

/** `maxBodyBytes`, `TIDINGS_MAX_BODY_BYTES` and `--max-body-bytes` are all `max-body-bytes`. */
export function toKebab(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/_/g, '-')
    .replace(/^-+/, '')
    .toLowerCase()
    .replace(/^tidings-/, '');
}

/**
 * The known name that was most likely meant, as `shown`; undefined when none is near: at most one slip in three letters,
 * or the one is the other with words left off at its end. O(names x length squared), for error lines only.
 */
export function nearestName(typed: string, known: readonly KnownName[]): string | undefined {
  const wanted = toKebab(typed).slice(0, 64);
  let best: { readonly shown: string; readonly distance: number } | undefined;
  for (const { name, shown } of known) {
    const distance = extendsByWords(wanted, name) || extendsByWords(name, wanted) ? 1.5 : editDistance(wanted, name);
    const near = distance === 1.5 || distance <= Math.max(1, Math.floor(name.length / 3));
    if (near && (best === undefined || distance < best.distance)) best = { shown, distance };
  }
  return best?.shown;
}

/** The tail of an "unknown …" line: the nearest name, or where to look. */
export function suggestion(typed: string, known: readonly KnownName[]): string {
  const nearest = nearestName(typed, known);
  return nearest === undefined ? 'tidings --help lists what there is' : `did you mean ${nearest}?`;
}

function extendsByWords(long: string, short: string): boolean {
  return short.length >= 3 && long.startsWith(`${short}-`);
}

/** Optimal string alignment: insert, delete, replace, swap two neighbours; each costs 1. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, at(beforeLast, column - 2) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
