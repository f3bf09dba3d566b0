import type { IncomingMessage, ServerResponse } from 'node:http';

/** The envelope as the peers read it: unchecked, which is what makes them the cheapest servers of this kind. */
export interface PeerEnvelope {
  topic: string;
  topic_ids?: string[];
  types: string;
  msg: unknown;
  time: string;
}

/** Reads a whole body and parses it as JSON. A body that is not JSON is an uncaught error: peers serve the bench only. */
export function readJson(req: IncomingMessage, onBody: (body: PeerEnvelope) => void): void {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => onBody(JSON.parse(Buffer.concat(chunks).toString()) as PeerEnvelope));
}

/** Answers 202 with the smallest body that a caller of Tidings would accept. */
export function answerAccepted(res: ServerResponse): void {
  res.statusCode = 202;
  res.setHeader('content-type', 'application/json');
  res.end('{"msg":"success."}');
}
