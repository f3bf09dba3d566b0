import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { endWith, type Scope } from '../support/cleanup.ts';
import { eventually, within } from '../support/deadline.ts';
import { plainEnvironment } from '../support/instance.ts';
import { serverEntry } from '../support/project.ts';
import { openRawWs } from '../support/raw-ws.ts';
import { connectWs } from '../support/ws-client.ts';

const ctrlC = '\x03';

/** A server in a terminal of its own, as a person starts it. */
async function startInTerminal(scope: Scope, flags: readonly string[]) {
  const serve = [process.execPath, serverEntry, 'serve', '--port=0', '--admin-port=0', ...flags].join(' ');
  const command = `echo pid=$$; exec ${serve}`;
  const terminal = spawn('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], {
    env: plainEnvironment(),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let shown = '';
  terminal.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => terminal.once('exit', resolve));
  endWith(scope, () => void terminal.kill('SIGKILL'));
  const wsUrl = await eventually(() => /Listen {2}(ws:\S+)\/ws/.exec(shown)?.[1], 'the start-up lines');
  return {
    wsUrl,
    pid: Number(/pid=(\d+)/.exec(shown)?.[1]),
    press: (key: string) => void terminal.stdin.write(key),
    shown: () => shown,
    /** The window is closed. */
    close: () => void terminal.kill('SIGKILL'),
    exited: within(exited, () => `the end; shown: ${shown}`),
  };
}

test('Ctrl-C does not make a person wait: all are closed at once, and it ends well', async (t) => {
  const { wsUrl, press, shown, exited } = await startInTerminal(t, ['--drain=10m']);
  const clients = await Promise.all([1, 2, 3].map((uid) => connectWs(t, `${wsUrl}/ws?uid=${uid}&mid=`)));
  press(ctrlC);
  for (const client of clients) assert.equal((await within(client.closed, 'the goodbye')).code, 1012);
  assert.equal(await exited, 0);
  assert.match(shown(), /"event":"hurried"/);
});

test('a Ctrl-C that comes twice, as from npm, is one', async (t) => {
  const { wsUrl, pid, press, shown, exited } = await startInTerminal(t, ['--drain=10m']);
  // One who does not answer: the stop takes a second.
  await openRawWs(t, `${wsUrl}/ws?uid=1`);
  press(ctrlC);
  await eventually(() => shown().includes('"event":"draining"') || undefined, 'the stop');
  process.kill(pid, 'SIGINT');
  assert.equal(await exited, 0);
});

test('a SIGHUP has it read its files anew; that of a terminal that is closed ends it, as nobody sees it any more', async (t) => {
  for (const workers of [1, 2]) {
    const { pid, shown } = await startInTerminal(t, ['--drain=10m', `--workers=${workers}`]);
    process.kill(pid, 'SIGHUP');
    await eventually(() => shown().includes('"event":"reload.nothing"') || undefined, 'the reload');
    assert.doesNotMatch(shown(), /"event":"draining"/);
    process.kill(pid, 'SIGTERM');

    // One that says nothing: it does not end just because it cannot write.
    const quiet = await startInTerminal(t, ['--log-level=silent', `--workers=${workers}`]);
    const client = await connectWs(t, `${quiet.wsUrl}/ws?uid=1`);
    quiet.close();
    // Whoever is closed without a word comes back when somebody serves again.
    assert.equal((await within(client.closed, 'the end of the connection')).code, 1006);
    await eventually(() => isGone(quiet.pid) || undefined, 'the end');
  }
});

function isGone(pid: number): boolean {
  try {
    return !process.kill(pid, 0);
  } catch {
    return true;
  }
}
