/** A server with a fault that TIDINGS_PLANTED names, for the positive controls: the run has to notice each. Everything else is the real server. */
import { Server, type IncomingMessage, type ServerResponse } from 'node:http';
import { pathToFileURL } from 'node:url';
import { serverEntry } from '../support/project.ts';

const kept: Buffer[] = [];
let overheard = '';
let isSick = false;

type Fault = (request: IncomingMessage, response: ServerResponse) => 'served' | 'pass';

/** Whether it is one of the few requests that bring the fault about. */
function isTrigger({ headers }: IncomingMessage): boolean {
  return headers['content-encoding'] !== undefined;
}

const faults: Readonly<Record<string, Fault>> = {
  none: () => 'pass',
  crash(request) {
    if (isTrigger(request)) setImmediate(() => JSON.parse('planted'));
    return 'pass';
  },
  rejection(request) {
    if (isTrigger(request)) void Promise.reject(new Error('planted'));
    return 'pass';
  },
  'answer 500'(request, response) {
    return isTrigger(request) ? answer(response, 500, '{"error":{"code":"internal","message":"planted"}}') : 'pass';
  },
  'memory leak'() {
    kept.push(Buffer.alloc(4_096, 'planted'));
    return 'pass';
  },
  'stack trace'(request, response) {
    const { stack } = new Error('planted');
    const body = { error: { code: 'invalid_request', message: stack } };
    return isTrigger(request) ? answer(response, 400, JSON.stringify(body)) : 'pass';
  },
  'message astray'(request, response) {
    if (isTrigger(request)) return answer(response, 200, overheard);
    if (request.headers['user-agent'] === undefined && request.method === 'POST') {
      request.on('data', (chunk: Buffer) => {
        if (chunk.includes('honest-')) overheard = chunk.toString('latin1');
      });
    }
    return 'pass';
  },
  hang(request) {
    return isTrigger(request) ? 'served' : 'pass';
  },
  'answer without end'(request, response) {
    if (!isTrigger(request)) return 'pass';
    response.writeHead(202, { 'Content-Length': 100 }).write('{');
    return 'served';
  },
  'undocumented error'(request, response) {
    return isTrigger(request) ? answer(response, 418, '{"error":{"code":"teapot","message":"planted"}}') : 'pass';
  },
  'service refused'(request, response) {
    isSick ||= isTrigger(request);
    return isSick && request.url === '/healthz'
      ? answer(response, 404, '{"error":{"code":"not_found","message":"planted"}}')
      : 'pass';
  },
  'message lost'(request, response) {
    isSick ||= isTrigger(request);
    return isSick && request.url === '/send' ? answer(response, 202, '{"msg":"success."}') : 'pass';
  },
  'error in the log'(request) {
    if (isTrigger(request)) process.stderr.write('(node:1) Warning: planted\n');
    return 'pass';
  },
};

function answer(response: ServerResponse, status: number, text: string): 'served' {
  response
    .writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) })
    .end(text);
  return 'served';
}

const fault = faults[process.env['TIDINGS_PLANTED'] ?? ''];
if (fault === undefined) throw new Error('TIDINGS_PLANTED names no fault');
delete process.env['TIDINGS_PLANTED'];

const emit = Reflect.get(Server.prototype, 'emit') as (event: string, ...args: unknown[]) => boolean;
Server.prototype.emit = function (this: Server, event: string, ...args: unknown[]): boolean {
  if (event === 'request' && fault(args[0] as IncomingMessage, args[1] as ServerResponse) === 'served') return true;
  return emit.call(this, event, ...args);
};

await import(pathToFileURL(serverEntry).href);
