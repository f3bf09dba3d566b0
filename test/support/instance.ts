import { appendFileSync } from 'node:fs';
import { startChild, type Exit } from './child.ts';
import { childPids, signalPid } from './child-pids.ts';
import { endWith, type Scope } from './cleanup.ts';
import { within } from './deadline.ts';
import { artifactPath, serverEntry } from './project.ts';
import { makeTempDir } from './temp-dir.ts';

export interface InstanceOptions {
  /** Flags of `serve`, beside `--port=0 --admin-port=0 --drain=0`, which they may replace. */
  readonly flags?: readonly string[];
  /** Added to an environment of PATH, HOME and TMPDIR. */
  readonly env?: Readonly<Record<string, string>>;
  /** The script to run; default: dist/main.js. */
  readonly entry?: string;
  /** How long it may take to end after SIGTERM. */
  readonly stopLimitMs?: number;
}

/** One line of the server's log. */
export type LogRecord = Readonly<Record<string, unknown>>;

/** A server process of its own. It ends with the test, which fails if it did not end well. */
export interface Instance {
  /** `http://127.0.0.1:port`, without a slash at the end; `wsUrl` is the same as `ws:`. */
  readonly url: string;
  readonly wsUrl: string;
  readonly adminUrl: string;
  readonly pid: number;
  /** Every line printed so far, on stdout and stderr. */
  readonly lines: readonly string[];
  readonly exited: Promise<Exit>;
  /** The log records so far that are this event. */
  records(event: string): LogRecord[];
  /** The first record of this event that `matches`, logged already or still to come. */
  logged(event: string, matches?: (record: LogRecord) => boolean): Promise<LogRecord>;
  /** SIGTERM, and waits for the end. Rejects when it takes long, exits other than 0, or had a bug on the way. */
  stop(): Promise<void>;
  /** Waits for an end that somebody else has asked for, and that is to be as well as that of `stop`. */
  ends(): Promise<void>;
  /** SIGKILL, as the out-of-memory killer does it. Resolves when its workers, which nobody ends, are gone as well. */
  kill(): Promise<void>;
  /** SIGSTOP to it and its workers: it lives and does nothing, like a machine that swaps. */
  pause(): void;
  resume(): void;
}

// What Node or the server prints when a promise or an error was nobody's.
const BUGS = [
  /unhandled.?rejection/i,
  /uncaught.?exception/i,
  /ERR_UNHANDLED/,
  /MaxListenersExceededWarning/,
  /^\s*throw /,
  /"level":60\b/,
];

/** Starts a server on ports of its own and resolves when it listens. */
export async function startInstance(scope: Scope, options: InstanceOptions = {}): Promise<Instance> {
  const dir = await makeTempDir(scope);
  const entry = options.entry ?? serverEntry;
  const flags = options.flags ?? [];
  const zeros = ['--port', '--admin-port', '--drain'].filter(
    (name) => !flags.some((flag) => flag.startsWith(`${name}=`)),
  );
  const args = [entry, 'serve', ...zeros.map((name) => `${name}=0`), ...flags];
  const log = artifactPath(`logs/instance-${process.pid}-${++started}.log`);
  appendFileSync(log, `# ${process.argv[1] ?? ''}: ${args.slice(1).join(' ')}\n`);
  const child = await startChild(process.execPath, args, {
    cwd: dir,
    env: { ...plainEnvironment(), ...options.env },
    onLine: (line) => appendFileSync(log, `${line}\n`),
  });

  let ended: 'no' | 'stopped' | 'killed' = 'no';
  const assertWell = (): void => {
    const bug = child.lines.find((line) => BUGS.some((sign) => sign.test(line)));
    if (bug !== undefined) throw new Error(`the server had a bug: ${bug}\n${tail()}`);
  };
  const tail = (): string => `its last lines:\n${child.lines.slice(-40).join('\n')}`;
  const stop = async (): Promise<void> => {
    if (ended !== 'no') return;
    if (child.hasExited()) {
      ended = 'stopped';
      const { code, signal } = await child.exited;
      assertWell();
      throw new Error(`the server ended by itself (${code ?? signal}); ${tail()}`);
    }
    ended = 'stopped';
    const { code, signal } = await child.end('SIGTERM', options.stopLimitMs ?? 20_000);
    assertWell();
    if (code !== 0) throw new Error(`the server ended with ${code ?? signal} after SIGTERM; ${tail()}`);
  };
  const ends = async (): Promise<void> => {
    ended = 'stopped';
    const { code, signal } = await within(
      child.exited,
      () => `the server to end; ${tail()}`,
      options.stopLimitMs ?? 20_000,
    );
    assertWell();
    if (code !== 0) throw new Error(`the server ended with ${code ?? signal}; ${tail()}`);
  };
  endWith(scope, async () => {
    await stop();
    assertWell();
  });

  const isEvent = (event: string, matches: (record: LogRecord) => boolean) => (line: string) => {
    const record = parseRecord(line);
    return record?.['event'] === event && matches(record);
  };
  const logged: Instance['logged'] = async (event, matches = () => true) =>
    parseRecord(await child.line(isEvent(event, matches), `the event '${event}'`)) ?? {};
  const listening = await logged('listening').catch(async (error: unknown) => {
    ended = 'killed';
    await child.end('SIGKILL');
    throw error;
  });
  const url = String(listening['url']);

  return {
    url,
    wsUrl: url.replace(/^http/, 'ws'),
    adminUrl: String(listening['adminUrl']),
    pid: child.pid,
    lines: child.lines,
    exited: child.exited,
    records: (event) =>
      child.lines.flatMap((line) => {
        const record = parseRecord(line);
        return record?.['event'] === event ? [record] : [];
      }),
    logged,
    stop,
    ends,
    async kill() {
      if (child.hasExited()) return stop();
      ended = 'killed';
      await child.end('SIGKILL');
    },
    pause() {
      // First the one that starts the others.
      child.signal('SIGSTOP');
      for (const pid of childPids(child.pid)) signalPid(pid, 'SIGSTOP');
    },
    resume() {
      for (const pid of childPids(child.pid)) signalPid(pid, 'SIGCONT');
      child.signal('SIGCONT');
    },
  };
}

let started = 0;

/** What a server needs of this process's environment: none of its settings, and nothing of the test runner. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env;
  return { PATH, HOME, TMPDIR };
}

function parseRecord(line: string): LogRecord | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as LogRecord;
  } catch {
    return undefined;
  }
}
