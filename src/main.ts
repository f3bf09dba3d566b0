#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { webcrypto } from 'node:crypto';
import { Socket } from 'node:net';
import { availableParallelism, totalmem } from 'node:os';
import { isatty } from 'node:tty';
import { createApp, type App, type AppDeps } from './app.ts';
import { adminCertificate } from './app/open-certificate.ts';
import { KeyFileError } from './auth/key-file-error.ts';
import { WorkerError } from './cluster/worker-error.ts';
import { workerCommand, type ToWorker } from './cluster/crew-messages.ts';
import { readCommandLine } from './config/command-line.ts';
import { doorsOf } from './config/exposure.ts';
import { helpText } from './config/help.ts';
import { loadConfig, type Loaded } from './config/load.ts';
import { printConfig } from './config/print.ts';
import { describeQueue } from './config/queue-url.ts';
import type { Config } from './config/schema.ts';
import { readTokenOrder } from './config/token-options.ts';
import type { ProcessMemory } from './gateway/memory-guard.ts';
import { ListenError } from './ingress/listen.ts';
import { TlsPairError } from './ingress/tls-pair.ts';
import { DataDirError } from './journal/disk-error.ts';
import { createLog } from './ops/log.ts';
import { startUpLines } from './ops/start-up-lines.ts';
import { version } from './ops/version.ts';

/** Exit codes of sysexits.h: wrong usage, and a port or a data directory that cannot be had. */
const exitUsage = 64;
const exitUnavailable = 69;

/** As a shell gives the end by SIGHUP. */
const exitHungUp = 129;

/** What hinders a start and is no fault of the program: one line says what it is. */
const startErrors = [ListenError, TlsPairError, DataDirError, WorkerError, KeyFileError];

const stdinFd = 0;

/** How long the process may live on after it has stopped. */
const heldMs = 200;

/** One Ctrl-C may come twice: from the terminal, and from npm, which has it from there as well. */
const samePressMs = 500;

async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  if (argv.at(-1) === workerCommand && process.send !== undefined) return work();
  // Who asks for help gets it, whatever else is wrong.
  const { command, errors } = readCommandLine(argv);
  if (command === 'help') return print(helpText());
  if (command === 'version') return print(`${version}\n`);
  // It makes what a start may be refused for.
  if (command === 'keys') return errors.length > 0 ? fail(exitUsage, errors) : keys();
  const loaded = loadConfig({ argv, env: process.env, readFile: (path) => readFileSync(path, 'utf8') });
  if (!loaded.ok) return fail(exitUsage, loaded.errors);
  if (command === 'config') return print(printConfig(loaded.config, loaded.sources));
  if (command === 'drain') return drain(loaded.config);
  if (command === 'token') return printToken(loaded);
  return serve(loaded);
}

async function serve({ config, sources }: Extract<Loaded, { ok: true }>): Promise<void> {
  const workers = config.workers === 'auto' ? availableParallelism() : config.workers;
  const deps = {
    config,
    isAdminPortChosen: sources.adminPort !== 'default',
    log: createLog(config.logLevel),
    fillRandom,
    memory,
  };
  const app = await (workers === 1 ? createApp(deps) : supervise(deps, workers)).catch(failStart);
  if (app === undefined) return;
  let isStopping = false;
  let hurries = 0;
  let pressedMs = -samePressMs;
  const onSignal = (signal: NodeJS.Signals): void => {
    const isPressed = signal === 'SIGINT' && process.stdin.isTTY;
    if (isPressed && performance.now() - pressedMs < samePressMs) return;
    if (isPressed) pressedMs = performance.now();
    // Who presses Ctrl-C, or sends a second signal, does not want to wait; who has said so and says it again wants it to end.
    const hurried = isStopping || isPressed;
    if (hurried) hurries += 1;
    if (hurries > 1) process.exit(1);
    isStopping = true;
    void app.stop({ hurried });
  };
  void app.stopped.then(leave);
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  const hadTerminal = process.stdin.isTTY;
  process.on('SIGHUP', () => {
    // A terminal that is closed says so by this signal as well: nobody can be told anything any more, so it ends as it would by itself.
    if (hadTerminal && !isatty(stdinFd)) process.exit(exitHungUp);
    else void app.reload();
  });
  // Past a limit on the size of files a write is to fail, and not to end the process.
  process.on('SIGXFSZ', () => {});
  try {
    const started = await app.start();
    if (started === undefined) return;
    const lines = startUpLines({
      version,
      url: started.public?.url ?? '',
      adminUrl: started.admin?.url ?? '',
      workers,
      queue: describeQueue(config.queue),
      dataDir: config.dataDir,
      doors: doorsOf(config),
      host: config.host,
      adminHost: config.adminHost,
      guarantees: started.guarantees,
      readiness: started.readiness,
    });
    print(lines);
  } catch (error) {
    failStart(error);
    await app.stop();
  }
}

async function keys(): Promise<void> {
  const { makeKeys } = await import('./ops/keys-command.ts');
  const { config, notes } = makeKeys(fillRandom, new Date().toISOString().slice(0, 10));
  print(config);
  process.stderr.write(notes);
}

async function printToken({ config, options }: Extract<Loaded, { ok: true }>): Promise<void> {
  const { tokenSecret, tokenIssuer: issuer, tokenAudience: audience } = config;
  const order = readTokenOrder(options);
  if (!order.ok) return fail(exitUsage, [order.problem]);
  if (tokenSecret === null) return fail(exitUsage, ['a token is signed with token-secret, which is not set']);
  const { signToken } = await import('./auth/sign-token.ts');
  const signed = await signToken(order.value, { secret: tokenSecret, issuer, audience }, Date.now());
  if (signed.ok) print(`${signed.token}\n`);
  else fail(exitUsage, [signed.problem]);
}

async function drain(config: Config): Promise<void> {
  const { drainInstance } = await import('./ops/drain-command.ts');
  const say = { print: (line: string) => print(`${line}\n`), fail: (line: string) => fail(exitUnavailable, [line]) };
  try {
    await drainInstance(say, { ...config, cert: adminCertificate(config) });
  } catch (error) {
    failStart(error);
  }
}

async function supervise(deps: AppDeps, workers: number): Promise<App> {
  const { createSupervisor } = await import('./app/supervisor.ts');
  return createSupervisor({ ...deps, program: process.argv[1] ?? '', workers, machineMs });
}

/** This is a worker: what it is to do, its supervisor says, which also hears the signals that all of them are sent. */
async function work(): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGXFSZ'] as const) process.on(signal, () => {});
  // The supervisor is gone.
  process.on('disconnect', () => process.exit());
  const { runWorker } = await import('./app/worker.ts');
  runWorker({
    channel: {
      // That nobody is there any more is heard by 'disconnect'.
      send: (message) => void process.send?.(message, undefined, undefined, () => {}),
      onMessage(heed) {
        process.on('message', (message, socket) =>
          heed(message as ToWorker, socket instanceof Socket ? socket : undefined),
        );
      },
    },
    fillRandom,
    memory,
    machineMs,
    leave: () => process.exit(),
  });
}

const memory: ProcessMemory = {
  residentBytes: () => process.memoryUsage.rss(),
  // Where nothing bounds it, this is 0, or more than there is.
  availableBytes: Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem()),
};

/** What `performance.now()` counts from the start of each process. */
function machineMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

function fillRandom(bytes: Uint8Array): void {
  webcrypto.getRandomValues(bytes);
}

/** Everything is stopped: what a library still waits for, such as a store that is away, does not hold the process up. */
function leave(): void {
  setTimeout(() => process.exit(), heldMs).unref();
}

function print(text: string): void {
  process.stdout.write(text);
}

/** Throws what is no line for the operator. */
function failStart(error: unknown): undefined {
  if (!(error instanceof Error) || !startErrors.some((kind) => error instanceof kind)) throw error;
  fail(exitUnavailable, [error.message]);
}

function fail(exitCode: number, errors: readonly string[]): void {
  for (const error of errors) process.stderr.write(`tidings: ${error}\n`);
  process.exitCode = exitCode;
}

await main();
