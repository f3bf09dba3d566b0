/** Peer: Socket.IO, WebSocket transport only, one room per uid; POST /send becomes `io.emit` or `io.to(uid).emit`. */
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { listenAndSay } from './listening-line.ts';
import { answerAccepted, readJson } from './read-json.ts';

const server = createServer((req, res) => {
  readJson(req, (envelope) => {
    const notice = { types: envelope.types, msg: envelope.msg, time: envelope.time };
    if (envelope.topic === 'all') io.emit(envelope.types, notice);
    else if (envelope.topic_ids !== undefined) io.to(envelope.topic_ids).emit(envelope.types, notice);
    answerAccepted(res);
  });
});

const io = new Server(server, { transports: ['websocket'], serveClient: false });
io.on('connection', (socket) => {
  void socket.join(String(socket.handshake.query['uid']));
});

listenAndSay(server);
