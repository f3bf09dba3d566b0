/** What a reader of one value gives back: the value, or a phrase that fits after the name of the place it came from. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

export function accept<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export function refuse(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem };
}
