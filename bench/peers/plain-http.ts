/** Peer: node:http alone. Reads the body, parses it, answers 202 and does nothing else: the floor of a POST's price. */
import { createServer } from 'node:http';
import { listenAndSay } from './listening-line.ts';
import { answerAccepted, readJson } from './read-json.ts';

listenAndSay(
  createServer((req, res) => {
    readJson(req, () => answerAccepted(res));
  }),
);
