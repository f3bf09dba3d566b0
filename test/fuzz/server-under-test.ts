import type { Scope } from '../support/cleanup.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { probeOption } from './heap-probe.ts';

/** Small bounds on everything that a server keeps, so that it is full early and stays as large as it is then. */
const bounds = [
  '--max-body=16KiB',
  '--max-topic-ids=100',
  '--max-batch=50',
  '--max-client-frames=1000',
  '--max-handshakes=100000',
  '--max-lag=0',
  '--request-timeout=2s',
  '--retention-messages=1000',
  '--retention-bytes=256KiB',
  '--mailbox-messages=20',
  '--broadcast-messages=20',
  '--id-retention-ids=1000',
];

/** Starts the server that inputs are thrown at. What nobody handles ends it; its heap can be asked for. */
export function startUnderTest(
  scope: Scope,
  flags: readonly string[],
  options: { readonly entry?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Instance> {
  return startInstance(scope, {
    ...options,
    flags: [...bounds, ...flags],
    env: { NODE_OPTIONS: `--unhandled-rejections=strict ${probeOption}`, ...options.env },
  });
}
