import { filePath } from './token-kinds.ts';

/** The settings of TLS at this server's own doors. */
export const tlsSettings = {
  tlsCert: filePath({
    group: 'TLS',
    description:
      'Certificate of the public listener, its chain after it, and of the admin listener where that is beyond loopback: https and wss in place of http and ws. SIGHUP has it read again with tls-key, for new connections; open ones stay.',
  }),
  tlsKey: filePath({
    group: 'TLS',
    description: 'Private key of tls-cert, which needs it beside it; without a passphrase.',
  }),
};
