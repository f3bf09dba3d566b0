import type { ConfigKey } from './schema.ts';

/** Where a setting came from; later ones win. */
export type Source = 'default' | 'file' | 'env' | 'flag';

/** One value that a source gives, not read yet. `label` names its place on error lines: `flag --port`. */
export interface Entry {
  readonly key: ConfigKey;
  readonly label: string;
  readonly raw: unknown;
}

/** What one source says: its values, and what it says that nothing understands, a line each. */
export interface SourceReading {
  readonly entries: readonly Entry[];
  readonly errors: readonly string[];
}
