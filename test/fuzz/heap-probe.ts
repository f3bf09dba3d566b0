import { endWith, type Scope } from '../support/cleanup.ts';
import { within } from '../support/deadline.ts';
import type { Instance } from '../support/instance.ts';
import { WebSocket } from 'ws';

/** Has Node open its debugger on a free port of the loopback: given to a server by NODE_OPTIONS. */
export const probeOption = '--inspect=127.0.0.1:0';

interface Reply {
  readonly id?: number;
  readonly result?: { readonly result?: { readonly value?: unknown } };
}

/**
 * Bytes that a server which was started with `probeOption` holds after a collection of garbage, on the heap and in buffers beside it: so a
 * growth of some KB shows as what it is. The debugger is left again, since a process that fails would wait for it.
 */
export async function liveBytes(scope: Scope, server: Instance): Promise<number> {
  const url = server.lines.flatMap((line) => /^Debugger listening on (ws:\S+)/.exec(line)?.[1] ?? [])[0];
  if (url === undefined) throw new Error('the server has no debugger');
  const socket = new WebSocket(url, { perMessageDeflate: false });
  endWith(scope, () => socket.terminate());
  const opened = new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.on('error', reject);
  });
  await within(opened, 'the debugger to answer');
  let asked = 0;
  const ask = (method: string, params: object = {}): Promise<Reply> => {
    const id = (asked += 1);
    const answered = new Promise<Reply>((resolve) => {
      socket.on('message', (data: Buffer) => {
        const reply = JSON.parse(data.toString('utf8')) as Reply;
        if (reply.id === id) resolve(reply);
      });
    });
    socket.send(JSON.stringify({ id, method, params }));
    return within(answered, method);
  };
  // What one collection finds, the next frees outside of the heap.
  await ask('HeapProfiler.collectGarbage');
  await ask('HeapProfiler.collectGarbage');
  const expression = 'process.memoryUsage().heapUsed + process.memoryUsage().external';
  const { result } = await ask('Runtime.evaluate', { expression, returnByValue: true });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.close();
  await within(closed, 'the debugger to be left');
  const bytes = result?.result?.value;
  if (typeof bytes !== 'number') throw new Error('the debugger does not know the memory');
  return bytes;
}
