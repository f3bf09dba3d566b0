import { X509Certificate } from 'node:crypto';
import { connect, type TLSSocket } from 'node:tls';

/** What listens there does not present the certificate that was expected. */
export class OtherCertificateError extends Error {
  override readonly name = 'OtherCertificateError';
}

export interface PinnedOptions {
  readonly host: string;
  readonly port: number;
  /** How long it may take. */
  readonly timeoutMs: number;
}

/**
 * Connects to a listener that presents this very certificate, PEM. No authority and no name is asked for: it is reached by an address
 * of this machine, and the file says whom we mean. Nothing is sent to anybody else. Rejects with an OtherCertificateError, or with what
 * became of the connection.
 */
export function connectPinned({ host, port, timeoutMs }: PinnedOptions, cert: string): Promise<TLSSocket> {
  const expected = new X509Certificate(cert);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false }, () => {
      if (socket.getPeerX509Certificate()?.raw.equals(expected.raw) === true) return resolve(socket.setTimeout(0));
      reject(new OtherCertificateError('another certificate'));
      socket.destroy();
    });
    socket.once('error', reject);
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no TLS within ${timeoutMs} ms`)));
  });
}
