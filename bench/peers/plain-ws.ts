/**
 * Peer: node:http and ws, the notification server that everyone writes first. A map from uid to sockets, JSON.parse,
 * and one `ws.send` per socket. `--drop-every=N` leaves out every Nth delivery and `--double-every=N` makes it twice:
 * the bench's positive controls, which a correct harness must call invalid.
 */
import { createServer } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import { listenAndSay } from './listening-line.ts';
import { answerAccepted, readJson } from './read-json.ts';

const dropEvery = everyNth('--drop-every=');
const doubleEvery = everyNth('--double-every=');
let sends = 0;

function everyNth(flag: string): number {
  return Number(process.argv.find((arg) => arg.startsWith(flag))?.slice(flag.length) ?? Infinity);
}

const socketsByUid = new Map<string, Set<WebSocket>>();

function deliver(sockets: Iterable<WebSocket>, text: string): void {
  for (const socket of sockets) {
    if (++sends % dropEvery === 0) continue;
    if (socket.readyState === WebSocket.OPEN) socket.send(text);
    if (sends % doubleEvery === 0) socket.send(text);
  }
}

const server = createServer((req, res) => {
  readJson(req, (envelope) => {
    const text = JSON.stringify({ types: envelope.types, msg: envelope.msg, time: envelope.time });
    if (envelope.topic === 'all') deliver(wss.clients, text);
    else for (const uid of envelope.topic_ids ?? []) deliver(socketsByUid.get(uid) ?? [], text);
    answerAccepted(res);
  });
});

const wss = new WebSocketServer({ server });
wss.on('connection', (socket, req) => {
  const uid = new URL(req.url ?? '/', 'http://peer').searchParams.get('uid') ?? '';
  let sockets = socketsByUid.get(uid);
  if (sockets === undefined) socketsByUid.set(uid, (sockets = new Set()));
  sockets.add(socket);
  socket.on('error', () => socket.terminate());
  socket.on('close', () => {
    sockets.delete(socket);
    if (sockets.size === 0) socketsByUid.delete(uid);
  });
});

listenAndSay(server);
