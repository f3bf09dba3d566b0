import { defaultType, everyType } from '../wire/frames.ts';

/**
 * The types that somebody gets who asks for these (for none: the usual one, if he may have it) and may have those that are granted (null:
 * all). Undefined: one that he asks for is not granted.
 */
export function grantedTypes(
  asked: readonly string[],
  granted: readonly string[] | null,
): readonly string[] | undefined {
  if (granted === null) return asked.length === 0 ? [defaultType] : asked;
  if (asked.length === 0) return granted.includes(defaultType) ? [defaultType] : granted;
  if (asked.includes(everyType)) return granted;
  return asked.every((name) => granted.includes(name)) ? asked : undefined;
}

/** What is left of the types that somebody has when other ones are granted. Never nothing: then those that he would get unasked. */
export function stillGranted(types: readonly string[], granted: readonly string[]): readonly string[] {
  const left = types.includes(everyType) ? granted : types.filter((name) => granted.includes(name));
  return left.length > 0 ? left : (grantedTypes([], granted) ?? granted);
}
