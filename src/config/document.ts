import { flagForm } from './help.ts';
import { keySpecs, type KeySpec } from './keys.ts';
import { groups } from './kinds.ts';
import { formatSetting } from './print.ts';

/** A file that says something about every group; a test loads it. */
export const EXAMPLE_FILE = `# tidings.yaml: one of two instances that share a Redis, behind a proxy on this machine
host: 127.0.0.1
port: 3211
admin-port: 0
origins:
  - https://app.example.com
tls-cert: /etc/tidings/app.example.com.pem
tls-key: /etc/tidings/app.example.com.key
queue: redis/redis.internal:6379
redis-prefix: shop
queue-deadline: 1500ms
max-body: 256KiB
admin-key: the-one-that-tidings-drain-shows
keys:
  - name: shop
    hash: sha256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU
    uids: [shop-]
    types: [notice, order]
    rate: 100
    expires: 2027-12-31
max-connections-per-uid: 20
ping-interval: 25s
retention: 6h
retention-bytes: 256MiB
drain: 20s
log-level: warn
`;

const INTRO = `<!-- Written by \`npm run docs\` from src/config/schema.ts: change it there. -->

# Configuration

\`tidings --help\` says the same in short, and \`tidings config\` prints the settings in force with the source of each.

## Where settings come from

Every setting has one name in three places:

| place       | form                                                                |
| ----------- | ------------------------------------------------------------------- |
| flag        | \`--max-body=1MiB\` or \`--max-body 1MiB\`; one dash works as well      |
| environment | \`TIDINGS_MAX_BODY=1MiB\`                                             |
| file        | \`max-body: 1MiB\`, in the YAML file of \`--config\` (\`TIDINGS_CONFIG\`) |

A flag wins over the environment, the environment over the file, the file over the default. All of them are checked, also
where another one wins: an unknown name or a wrong value is one line that says where it stands, and the server does not
start (exit code 64).

- The same flag twice with different values is an error.
- \`--insecure\` alone means true; false is \`--insecure=false\` or \`--no-insecure\`.
- A variable that is set but empty counts as set. Every variable that begins with \`TIDINGS_\` must be a setting; the ones
  that Kubernetes adds for a service named tidings (\`TIDINGS_SERVICE_HOST\`, \`TIDINGS_PORT=tcp://…\`) are passed over.
- \`-post=3210\` is \`--port=3210\`, as the predecessor of this server wrote it.

## Units

- **Times** carry their unit: \`500ms\`, \`20s\`, \`2m\`, \`1h\`.
- **Sizes** are bytes (\`65536\`) or carry a unit: \`64k\`, \`64kb\` and \`64KiB\` are all 65536 bytes, \`1MiB\` is 1048576.
- **Counts** are whole numbers.

## Keys

\`tidings keys\` prints a configuration with new keys. In a file, \`keys\` is a list of maps; in a flag or the environment the same list as JSON. Each
key has a \`name\` (for logs and statistics; each once) and one of

- \`hash\`: \`sha256:\` and the SHA-256 of the key in base64url. The key itself is what backends send; it need not be kept here.
- \`hmac-secret\`, of at least 32 bytes, or \`hmac-secret-file\`, the file that holds it: for backends that sign their posts instead.

and may have

| member    | what it may post                                                                              | absent |
| --------- | --------------------------------------------------------------------------------------------- | ------ |
| \`all\`     | whether posts to all (\`"topic":"all"\`)                                                        | true, but false beside \`uids\` |
| \`uids\`    | only to uids that begin with one of these. \`1\` is the beginning of \`10\`, too: end it with a separator (\`shop-\`) | to any uid |
| \`types\`   | only messages of these types                                                                  | of any type |
| \`rate\`    | at most so many posts a second; each envelope of a batch counts                                | as many as it likes |
| \`expires\` | until this day (\`2027-01-31\`, from its beginning in UTC on it is refused) or instant (\`2027-01-31T12:00:00+01:00\`) | for ever |

Several keys may be valid at once: to change one, add the new one, let the backends change over, and take the old one out.

## Queues

| \`--queue=\`                         | what                                                      |
| ---------------------------------- | --------------------------------------------------------- |
| \`list\`                             | in this process; kept on disk with \`--data-dir\`, else gone when it ends |
| \`redis/HOST:PORT\`                  | Redis; the port may be left out (6379)                    |
| \`redis/:PASSWORD@HOST:PORT/DB\`     | with a password and a database number                     |
| \`redis/USER:PASSWORD@HOST:PORT/DB\` | with a user of Redis' access control lists                |
| \`rediss/…\`                         | the same over TLS                                         |
| \`bullmq/…\`                         | BullMQ on the Redis at that address, written likewise     |
| \`bullmqs/…\`                        | the same over TLS                                         |
| \`redis-sentinel/HOST:PORT,HOST:PORT/MASTER/DB\` | the master that these sentinels name (port 26379 may be left out) |
| \`redis-cluster/HOST:PORT,HOST:PORT\` | a Redis Cluster; some of its nodes are enough |

\`-sentinel\` and \`-cluster\` stand after each of the four: \`rediss-sentinel/…\`, \`bullmq-cluster/…\`. User and password before the \`@\` are
those of the Redis servers; for sentinels that ask for one too, \`?sentinel-password=PASSWORD\` (and \`sentinel-user=USER&\` before it) stands at the
end. With TLS the sentinels are asked over TLS as well. In a cluster all keys of a deployment are in one slot: a redis-prefix without braces
is given them. [reliability.md](reliability.md#redis-sentinel-and-cluster) says what a fail-over may cost.

\`redis://…\` is read like \`redis/…\`, and so are the others. An IPv6 address stands in brackets: \`redis/[::1]:6379\`. In user
and password, \`%\` is written \`%25\`, and any other character may be written so. Other users of the machine can read the
arguments of a process: put a password into the environment or the file. It is never printed.
`;

/** The whole of docs/config.md. */
export function configDocument(): string {
  const sections = groups.map((group) => {
    const keys = keySpecs.filter((spec) => spec.group === group).map(keySection);
    return `## ${group}\n\n${keys.join('\n')}`;
  });
  return [INTRO, ...sections, `## Example\n\n\`\`\`yaml\n${EXAMPLE_FILE}\`\`\`\n`].join('\n');
}

function keySection(spec: KeySpec): string {
  const shownDefault = formatSetting(spec, spec.defaultValue);
  return [
    `### ${spec.name}\n`,
    `${escapeMarkdown(spec.description)}\n`,
    `- \`${flagForm(spec)}\`, \`${spec.env}\``,
    `- default: ${shownDefault === '' ? 'none' : `\`${shownDefault}\``}`,
    `- takes: ${escapeMarkdown(spec.accepts)}\n`,
  ].join('\n');
}

function escapeMarkdown(text: string): string {
  return text.replace(/[*<>`]|(?<!\w)_|_(?!\w)/g, '\\$&');
}
