/**
 * What every answer over HTTP tells a browser that comes upon it: it is what its Content-Type says, it loads and runs nothing, and no other
 * page may frame it, embed it, hold on to it or learn where it was. A page of our own says more exactly what it may.
 */
export const guardHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-store',
} as const;

/** Where it came by TLS of our own: browsers do not come here without any more, for a year. They hold it for every port of the name. */
export const tlsGuardHeaders = { ...guardHeaders, 'Strict-Transport-Security': 'max-age=31536000' } as const;
