import { filePath } from './token-kinds.ts';

/** The settings of TLS at this server's own doors. */
export const tlsSettings = {
  tlsCert: filePath({
    group: 'TLS',
    description:
      'Certificate of the public listener with its chain, its own first: https and wss instead of http and ws, TLS 1.2 at least. Of the admin listener as well where that is bound beyond loopback. Read again on SIGHUP; open connections stay. Needs tls-key.',
  }),
  tlsKey: filePath({
    group: 'TLS',
    description: 'Private key of tls-cert, without a passphrase.',
  }),
};
