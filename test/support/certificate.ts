import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from './run-command.ts';

/** A certificate that signs itself, and its key, in files. */
export interface MadeCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** The certificate in PEM form, for who is to trust it. */
  readonly ca: string;
  /** The flags of a server that presents it. */
  readonly flags: readonly string[];
}

export interface CertificateOptions {
  /** The name that it is for, beside 127.0.0.1. */
  readonly host?: string;
  /** The passphrase of the key; absent: it has none. */
  readonly passphrase?: string;
}

/** Makes `<name>.pem` and `<name>.key` in a directory; those that are there are written over. */
export async function makeCertificate(
  dir: string,
  name: string,
  { host = 'localhost', passphrase }: CertificateOptions = {},
): Promise<MadeCertificate> {
  const [certFile, keyFile] = [join(dir, `${name}.pem`), join(dir, `${name}.key`)];
  const { code, stderr } = await runProgram('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-days', '2'],
    ...(passphrase === undefined ? ['-nodes'] : ['-passout', `pass:${passphrase}`]),
    ...[
      '-subj',
      `/CN=${host}`,
      '-addext',
      `subjectAltName=DNS:${host},IP:127.0.0.1`,
      '-out',
      certFile,
      '-keyout',
      keyFile,
    ],
  ]);
  assert.equal(code, 0, stderr);
  const ca = readFileSync(certFile, 'utf8');
  return { certFile, keyFile, ca, flags: [`--tls-cert=${certFile}`, `--tls-key=${keyFile}`] };
}
