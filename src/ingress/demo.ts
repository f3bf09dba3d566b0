import { extname } from 'node:path/posix';
import type { Middleware } from 'koa';
import type { Assets } from '../ops/assets.ts';

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
};

/**
 * The page runs and shows its own files only, talks to its own server only, makes no markup of text, whatever a script of it may try, and
 * is shown in no frame.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const unused = ['camera', 'display-capture', 'geolocation', 'microphone', 'payment', 'usb'];

const headers = {
  'Content-Security-Policy': policy,
  'Permissions-Policy': unused.map((feature) => `${feature}=()`).join(', '),
  'Cache-Control': 'no-cache',
} as const;

/** Serves the files of demo/ and no others: a name that is not in the list of assets is passed on. */
export function createDemo(assets: Assets): Middleware {
  return (context, next) => {
    const name = context.path.slice('/demo/'.length);
    const file = assets.read(`demo/${name === '' ? 'index.html' : name}`);
    if (file === undefined) return next();
    context.set({
      ...headers,
      'Content-Type': mediaTypes[extname(name === '' ? 'index.html' : name)] ?? 'application/octet-stream',
    });
    context.body = Buffer.from(file);
    return undefined;
  };
}
