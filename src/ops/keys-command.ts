import { createHash } from 'node:crypto';
import type { FillRandom } from '../message/id.ts';

export interface NewKeys {
  /** A whole configuration, for --config. */
  readonly config: string;
  /** What is not in it, and what to do with both. */
  readonly notes: string;
}

/** 256 bits, so that one SHA-256 hides them well enough. */
const keyBytes = 32;

/**
 * Makes a configuration by which every door asks who comes: a key to post with, a key for the admin listener, and a secret to
 * sign listeners' tokens with. Of the keys it holds hashes. `day`: `2026-11-21`, by which the keys are told from later ones.
 */
export function makeKeys(fillRandom: FillRandom, day: string): NewKeys {
  const random = (): string => {
    const bytes = Buffer.alloc(keyBytes);
    fillRandom(bytes);
    return bytes.toString('base64url');
  };
  const sendKey = `tidings_send_${random()}`;
  const adminKey = `tidings_admin_${random()}`;
  const config = `# Made by \`tidings keys\`. It holds the secret of the tokens: let nobody else read it (chmod 600).

# Who may post. The keys themselves are not here. To change one, add another, let your backends change over, and take the old one out.
keys:
  - name: send-${day}
    hash: ${hashOf(sendKey)}

# Who may use the admin listener.
admin-keys:
  - name: admin-${day}
    hash: ${hashOf(adminKey)}
    role: write

# Who may listen: whoever has a token that your backend has signed with this (HS256), with the uid as its sub.
token-secret: ${random()}
`;
  const notes = `These keys are shown once; the configuration holds only their hashes:

  to post    ${sendKey}
  to manage  ${adminKey}

Show them as "Authorization: Bearer KEY". The configuration begins there:

  tidings keys > tidings.yaml && chmod 600 tidings.yaml
  tidings --config=tidings.yaml --host=0.0.0.0
  tidings token --config=tidings.yaml --uid=1     (makes a token to listen with, for trying out)
`;
  return { config, notes };
}

function hashOf(key: string): string {
  return `sha256:${createHash('sha256').update(key).digest('base64url')}`;
}
