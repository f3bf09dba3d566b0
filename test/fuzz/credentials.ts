import * as fc from 'fast-check';

/** Names of what a request may say of itself and of who sends it. */
const presented: readonly (readonly [string, string])[] = [
  ['Authorization', 'Bearer wrong'],
  ['Authorization', 'Bearer '],
  ['Authorization', 'Basic Zjpm'],
  ['Authorization', 'bearer  two words'],
  ['Authorization', `Bearer ${'x'.repeat(5000)}`],
  ['Authorization', 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJob25lc3QifQ.'],
  ['X-API-Key', 'wrong'],
  ['X-API-Key', '\u00ff\u00fe'],
  ['Tidings-Key', 'fuzz'],
  ['Tidings-Key', '__proto__'],
  ['Tidings-Signature', 't=1,v1=00'],
  ['Tidings-Signature', 't=99999999999999999999,v1=,v1=zz,v2'],
  ['Tidings-Signature', ',,=,t=t,v1'],
  ['Cookie', 'token=wrong'],
  ['Cookie', 'a=b; token="; ;=; token=%ff'],
];

export const credential = fc.constantFrom(...presented);

/** What a listener may present in its query. */
export const queryCredential = fc.constantFrom(
  'token=',
  'token=a.b.c',
  'token=tkt_wrong',
  `token=${'x'.repeat(4097)}`,
  'token=eyJhbGciOiJub25lIn0.eyJzdWIiOiJob25lc3QifQ.',
  'token=%ff%00',
  'token=a&token=b',
);

/** What a listener may present as a subprotocol. */
export const protocolCredential = fc.constantFrom(
  'tidings',
  'tidings, token.a.b.c',
  'token.',
  'tidings, tidings',
  ',',
  'x',
);
