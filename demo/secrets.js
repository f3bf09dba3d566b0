/** What may stand in a subprotocol of a WebSocket, as JSON Web Tokens and tickets do. */
export function isTokenText(text) {
  return /^[\w.-]+$/.test(text);
}

/** What may stand in a header; nothing is fine. */
export function isHeaderText(text) {
  return /^[\x21-\x7e]*$/.test(text);
}

/** Whose token it is, by its own word: it is the server that checks it. Undefined: it does not say. */
export function uidOfToken(token) {
  const [, payload] = token.split('.');
  if (payload === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0));
    const { sub } = JSON.parse(new TextDecoder().decode(bytes));
    return typeof sub === 'string' ? sub : undefined;
  } catch {
    return undefined;
  }
}
