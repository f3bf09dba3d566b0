import type { ReadFile } from './file.ts';
import { readProblem } from './read-problem.ts';
import { showName } from './redact.ts';
import { isLongSecret, secretForm, type SendKey } from './send-keys.ts';

export interface ReadSecrets {
  readonly keys: readonly SendKey[];
  /** A line each, without anything of what the file holds. */
  readonly errors: readonly string[];
}

/** The keys with the secrets that are in files of their own. A line's end after a secret is not a part of it. */
export function readSecretFiles(keys: readonly SendKey[], readFile: ReadFile): ReadSecrets {
  const errors: string[] = [];
  const read = keys.map((key) => {
    if (key.hmacSecretFile === null) return key;
    const label = `keys: key ${key.name}: hmac-secret-file ${showName(key.hmacSecretFile)}`;
    try {
      const hmacSecret = readFile(key.hmacSecretFile).replace(/\r?\n$/, '');
      if (isLongSecret(hmacSecret)) return { ...key, hmacSecret };
      errors.push(`${label}: ${secretForm}`);
    } catch (error) {
      errors.push(`${label}: cannot be read: ${readProblem(error)}`);
    }
    return key;
  });
  return { keys: read, errors };
}
