import type { Server } from 'node:http';
import type { Config } from '../config/schema.ts';
import { listen, type Listening } from '../ingress/listen.ts';

/** Opens the admin listener; on another port when nobody has chosen this one and it is taken. Rejects with a ListenError. */
export function listenForAdmin(
  server: Server,
  { adminHost: host, adminPort: port }: Pick<Config, 'adminHost' | 'adminPort'>,
  isPortChosen: boolean,
): Promise<Listening> {
  return listen(server, { host, port, name: 'admin-port', orAnyPort: !isPortChosen });
}
