import { KIB, MINUTE_MS, SECOND_MS } from './amounts.ts';
import { bytes, durationMs, secret } from './kinds.ts';
import { algorithmList, filePath, keySetUrl, optionalText, wordList } from './token-kinds.ts';

/** The least that HMAC with SHA-256 is as strong with as its output is long (RFC 7518, 3.2). */
const leastSecretBytes = 32;

/** By which tokens a listener says who he is. Without any of the first three nobody is asked for one. */
export const tokenSettings = {
  tokenSecret: secret(
    { minBytes: leastSecretBytes, maxBytes: KIB },
    {
      group: 'Access',
      description:
        'Listeners must show a JSON Web Token that was signed (HS256) with this secret, whose text is taken as it is; your backend has it as well. Other users of the machine can read flags: put it into the environment or the file.',
    },
  ),
  tokenKey: filePath({
    group: 'Access',
    description:
      'Listeners must show a JSON Web Token that was signed with one of the keys whose public halves are in this file: PEM, a JWK or a JWK set. It is read again on SIGHUP.',
  }),
  tokenJwks: keySetUrl({
    group: 'Access',
    description:
      'Listeners must show a JSON Web Token that was signed with one of the keys that its issuer publishes at this address as a JWK set. A key that is not known yet is looked for there again, at most every 10 s.',
  }),
  tokenAlgorithms: algorithmList({
    group: 'Access',
    description:
      'Algorithms that a token may be signed by; by default HS256 with token-secret, and RS256, ES256 and EdDSA with token-key or token-jwks.',
  }),
  tokenIssuer: optionalText('the text of a claim, or none', /^[\x21-\x7e]{1,512}$/, {
    group: 'Access',
    description: 'The iss that a token must have. Set it where the same key signs for others, too.',
  }),
  tokenAudience: wordList('audiences', {
    group: 'Access',
    description:
      'A token must have one of these in its aud. Set it where the same issuer signs for other services, too, whose tokens would be taken here otherwise.',
  }),
  tokenLeewayMs: durationMs(
    { min: 0, max: 5 * MINUTE_MS, default: 5 * SECOND_MS },
    { group: 'Access', description: 'How far the clocks of the issuer and of this server may be apart.' },
  ),
  tokenCookie: optionalText('the name of a cookie, or none', /^[\w!#$%&'*+.^`|~-]{1,64}$/, {
    group: 'Access',
    description:
      'The cookie in which a browser may show its token. It counts only for pages of an allowed origin, for which a * in origins is not enough.',
  }),
  maxTokenBytes: bytes(
    { min: 256, max: 128 * KIB, default: 4 * KIB },
    {
      group: 'Access',
      description:
        'Longest token. A longer one is answered 401; one in the query or a header is bound by the size of all headers as well.',
    },
  ),
};
