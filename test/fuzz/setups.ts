import { randomBytes } from 'node:crypto';
import { hashOf } from '../support/hash-of.ts';
import { secretToken, tokenSecret } from '../support/tokens.ts';
import { adminKeys, givenSecrets, sendKeys, signingSecret } from './credentials.ts';

type Headers = Readonly<Record<string, string>>;

/** How a server is started, and how somebody comes to it who may. */
export interface Setup {
  readonly flags: readonly string[];
  /** The uid of the honest listener, which no input has. */
  readonly uid: string;
  readonly posting: Headers;
  readonly listening: Headers;
  readonly administering: Headers;
  /** What must be found in no answer, no frame and no line of the log. */
  readonly secrets: readonly string[];
}

export const setupNames = ['open', 'closed'] as const;

export type SetupName = (typeof setupNames)[number];

const honestUid = (): string => `honest-${randomBytes(8).toString('hex')}`;

export const setups: Readonly<Record<SetupName, () => Setup>> = {
  /** As it is on the loopback when nobody says anything. */
  open: () => ({ flags: [], uid: honestUid(), posting: {}, listening: {}, administering: {}, secrets: [] }),
  /** As it is on the internet: everybody is asked who he is, and counted. */
  closed() {
    const uid = honestUid();
    const key = randomBytes(32).toString('base64url');
    const [narrow, wide] = sendKeys;
    const keys = [
      { name: 'honest', hash: hashOf(key), uids: ['honest-'], types: ['honest'] },
      { name: 'narrow', hash: hashOf(narrow), uids: ['f'], types: ['notice', 'alert'], rate: 1_000_000 },
      { name: 'wide', hash: hashOf(wide), all: true, uids: ['f'] },
      { name: 'signs', 'hmac-secret': signingSecret, uids: ['f'] },
    ];
    const token = secretToken({ sub: uid, types: ['honest'] });
    const adminKey = randomBytes(32).toString('base64url');
    const [looks, changes] = adminKeys;
    const admins = [
      { name: 'honest', hash: hashOf(adminKey) },
      { name: 'looks', hash: hashOf(looks) },
      { name: 'changes', hash: hashOf(changes), role: 'write' },
    ];
    return {
      flags: [
        `--keys=${JSON.stringify(keys)}`,
        `--admin-keys=${JSON.stringify(admins)}`,
        `--token-secret=${tokenSecret}`,
        '--token-cookie=token',
        '--tickets',
        '--origins=http://localhost:3210',
        '--trust-proxy=loopback',
        '--max-connections-per-address=50',
        '--max-handshakes-per-address=1000',
      ],
      uid,
      posting: { authorization: `Bearer ${key}` },
      listening: { authorization: `Bearer ${token}` },
      administering: { authorization: `Bearer ${adminKey}` },
      secrets: [...givenSecrets, key, token, adminKey],
    };
  },
};
