import { readFileSync } from 'node:fs';
import { isLoopback } from '../config/host.ts';
import { readProblem } from '../config/read-problem.ts';
import type { Config } from '../config/schema.ts';
import { Certificate } from '../ingress/certificate.ts';
import { readTlsPair, TlsPairError, validityOf, type TlsPair } from '../ingress/tls-pair.ts';
import type { Log } from '../ops/log.ts';
import type { Reloads } from './reloads.ts';

export interface CertificateDeps {
  readonly log: Log;
  readonly reloads: Reloads;
}

/** The certificate of the settings, read anew with the other reloads. Undefined: there is none. Throws a TlsPairError. */
export function openCertificate(
  { tlsCert, tlsKey }: Pick<Config, 'tlsCert' | 'tlsKey'>,
  { log, reloads }: CertificateDeps,
): Certificate | undefined {
  if (tlsCert === null || tlsKey === null) return undefined;
  const read = (): TlsPair => {
    const pair = readTlsPair({ certFile: tlsCert, keyFile: tlsKey }, readPemFile);
    warnOfDates(pair, log);
    return pair;
  };
  const certificate = new Certificate(read());
  reloads.add('tls-cert', async () => {
    certificate.replace(read());
    return { validUntil: new Date(validityOf(certificate.pair).untilMs).toISOString() };
  });
  return certificate;
}

/** The certificate of the admin listener: none on loopback, where nobody else can listen in. */
export function certificateForAdmin(
  { adminHost }: Pick<Config, 'adminHost'>,
  certificate: Certificate | undefined,
): Certificate | undefined {
  return isLoopback(adminHost) ? undefined : certificate;
}

/** What the admin listener of these settings presents, PEM; undefined: it speaks no TLS. Throws a TlsPairError. */
export function adminCertificate({ adminHost, tlsCert }: Pick<Config, 'adminHost' | 'tlsCert'>): string | undefined {
  return tlsCert === null || isLoopback(adminHost) ? undefined : readPemFile('tls-cert', tlsCert);
}

function readPemFile(setting: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new TlsPairError(`${setting} ${file} cannot be read: ${readProblem(error)}`, { cause: error });
  }
}

/** It is served all the same: a client that minds says so better than a port that is closed. */
function warnOfDates(pair: TlsPair, log: Log): void {
  const { fromMs, untilMs } = validityOf(pair);
  if (Date.now() < untilMs && Date.now() >= fromMs) return;
  const dates = { validFrom: new Date(fromMs).toISOString(), validUntil: new Date(untilMs).toISOString() };
  log.warn({ event: 'tls.dates', ...dates }, 'the certificate is not valid today: clients will refuse it');
}
