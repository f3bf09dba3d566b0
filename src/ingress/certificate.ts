import { constants } from 'node:crypto';
import type { SecureContextOptions, Server } from 'node:tls';
import type { TlsPair } from './tls-pair.ts';

/**
 * What every TLS library of the last ten years has, forward secret and authenticated: Mozilla's "intermediate", less the finite
 * fields, for which a server needs parameters. https://wiki.mozilla.org/Security/Server_Side_TLS
 */
const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** How this server speaks TLS with a pair. Throws what OpenSSL has against the pair only when it is used. */
export function tlsOptions({ cert, key }: TlsPair): SecureContextOptions {
  // A client may otherwise have a handshake again and again on one connection, which costs the server far more than itself.
  return { cert, key, ciphers, minVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_RENEGOTIATION };
}

/** The pair in force, which may be replaced by the next one while servers use it. */
export class Certificate {
  #pair: TlsPair;
  readonly #servers: Server[] = [];

  constructor(pair: TlsPair) {
    this.#pair = pair;
  }

  get pair(): TlsPair {
    return this.#pair;
  }

  /** A server that was made with `tlsOptions(pair)`: it is given each later pair. */
  addServer(server: Server): void {
    this.#servers.push(server);
  }

  /** New connections get this pair; those that are open stay as they are. */
  replace(pair: TlsPair): void {
    this.#pair = pair;
    for (const server of this.#servers) server.setSecureContext(tlsOptions(pair));
  }
}
