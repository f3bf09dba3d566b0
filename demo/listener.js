/** Delay before the first attempt to reconnect; each further one doubles it, up to the longest. Milliseconds. */
const firstDelayMs = 500;
const longestDelayMs = 15_000;
/** A connection that lasted this long was a good one: the next loss begins again with the first delay. */
const stableMs = 5_000;
/** An opening handshake that takes longer is given up and tried again. */
const openWithinMs = 10_000;
/** The server is told what was handled this often, at most: it takes a few frames a second from a client. */
const ackEveryMs = 1_000;
/** The longest time that a `reconnect` event can make this page wait. */
const longestMoveMs = 60_000;
/** The server closes right after that event; one that has not by then is left. */
const closeWithinMs = 1_000;

/** Keeps every number as it was written, where the browser can: 12345678901234567890 would lose digits otherwise. */
const exactNumber =
  typeof JSON.rawJSON === 'function'
    ? (key, value, context) =>
        typeof value === 'number' && context.source !== String(value) ? JSON.rawJSON(context.source) : value
    : undefined;

/**
 * The address to listen at, relative to the page, so that it works behind a path prefix and with TLS before it.
 * `cursor` is the last mid that was handled, or null; it counts in tracked mode only. Without a uid it is that of the token, which
 * itself is never part of an address.
 */
export function listenUrl(page, { uid, types, tracked }, cursor) {
  const url = new URL('../ws', page);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.search =
    (uid === '' ? '' : `uid=${encodeURIComponent(uid)}&`) +
    `types=${types.map(encodeURIComponent).join(',')}` +
    (tracked ? `&mid=${cursor ?? ''}` : '');
  return url.href;
}

/** A browser page has no other header to put a token in. The server chooses `tidings`, and does not say the token back. */
function tokenProtocols(token) {
  return token === '' ? [] : ['tidings', `token.${token}`];
}

/** Half of it fixed and half random, so that many pages that lost one server do not come back in one instant. */
export function retryDelayMs(attempt, random = Math.random) {
  const ceilingMs = Math.min(longestDelayMs, firstDelayMs * 2 ** attempt);
  return ceilingMs / 2 + random() * (ceilingMs / 2);
}

/**
 * One listener that stays connected until it is told not to, or is closed with 4500-4999. `onState` is given
 * `{ phase: 'connecting' | 'open' | 'waiting' | 'closed', … }`, `onFrame` each parsed frame, once per mid in tracked mode.
 */
export function createListener({ page, cursors, onState, onFrame, onUnreadable }) {
  let target;
  let socket;
  let timer;
  let ackTimer;
  let attempt = 0;
  let moveAtMs;

  function stop() {
    clearTimeout(timer);
    clearTimeout(ackTimer);
    ackTimer = undefined;
    const old = socket;
    socket = undefined;
    old?.close(1000);
  }

  function open() {
    stop();
    const url = listenUrl(page, target, cursors.get(target.uid));
    const opening = new WebSocket(url, tokenProtocols(target.token));
    let openedAtMs;
    moveAtMs = undefined;
    socket = opening;
    timer = setTimeout(() => opening.close(), openWithinMs);
    onState({ phase: 'connecting', attempt, url });

    opening.onopen = () => {
      if (socket !== opening) return;
      clearTimeout(timer);
      openedAtMs = Date.now();
      onState({ phase: 'open', sinceMs: openedAtMs });
    };
    opening.onmessage = (event) => {
      if (socket === opening) receive(event.data);
    };
    opening.onclose = ({ code, reason }) => {
      if (socket !== opening) return;
      clearTimeout(timer);
      socket = undefined;
      const wasOpen = openedAtMs !== undefined;
      if (wasOpen && Date.now() - openedAtMs >= stableMs) attempt = 0;
      if (code >= 4500 && code <= 4999) {
        target = undefined;
        onState({ phase: 'closed', code, reason, wasOpen });
        return;
      }
      // A server that asks its listeners to come back closes them, and has spread them over time itself.
      const delayMs = moveAtMs === undefined ? retryDelayMs(attempt) : Math.max(0, moveAtMs - Date.now());
      attempt = moveAtMs === undefined ? attempt + 1 : 0;
      timer = setTimeout(open, delayMs);
      onState({ phase: 'waiting', code, reason, wasOpen, retryAtMs: Date.now() + delayMs });
    };
  }

  function receive(text) {
    let frame;
    try {
      frame = JSON.parse(text, exactNumber);
    } catch {
      // Too deep for this browser, or not JSON: shown as it came.
    }
    if (frame === null || typeof frame !== 'object') {
      onUnreadable(String(text));
      return;
    }
    if (target.tracked && !advance(frame)) return;
    if (frame.event === 'reconnect') move(frame.after_ms);
    onFrame(frame);
  }

  /** False for what was handled before: a server may repeat messages around a crash, and this page shows each once. */
  function advance(frame) {
    const cursor = cursors.get(target.uid);
    if (frame.event === 'welcome') {
      // What is kept follows, from below its mid. A cursor above it is another server's, or from before it lost its store.
      if (cursor === null || (frame.resumed === false && frame.mid < cursor)) cursors.set(target.uid, frame.mid);
      return true;
    }
    const isNumbered = frame.event === undefined || frame.event === 'retract';
    if (!isNumbered || typeof frame.mid !== 'number') return true;
    if (cursor !== null && frame.mid <= cursor) return false;
    cursors.set(target.uid, frame.mid);
    acknowledgeSoon();
    return true;
  }

  /** Tells the server how far this page has come: whoever posts may ask who has a message. */
  function acknowledgeSoon() {
    ackTimer ??= setTimeout(() => {
      ackTimer = undefined;
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ ack: cursors.get(target.uid) }));
    }, ackEveryMs);
  }

  function move(afterMs) {
    const delayMs = Math.min(longestMoveMs, Math.max(0, Number(afterMs) || 0));
    clearTimeout(timer);
    timer = setTimeout(open, delayMs + closeWithinMs);
    moveAtMs = Date.now() + delayMs;
    onState({ phase: 'open', moveAtMs });
  }

  return {
    /** Connects as `{ uid, types, tracked, token }`; leaves what was connected before. */
    connect(next) {
      target = next;
      attempt = 0;
      open();
    },
    disconnect() {
      target = undefined;
      stop();
      onState({ phase: 'closed' });
    },
    /** Ends the wait for the next attempt, if there is one. */
    retry() {
      if (target !== undefined && socket === undefined) open();
    },
  };
}
