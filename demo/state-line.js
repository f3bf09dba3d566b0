/** What a close code means to a reader of this page. */
const closeMeanings = {
  1000: 'closed normally',
  1001: 'the server went away',
  1006: 'connection lost',
  1008: 'the server refused what this page did',
  1009: 'a frame was too large',
  1011: 'a fault of the server',
  1012: 'the server hands over',
  1013: 'this page is too slow, or the server is full',
};

/**
 * The line that says how the connection is: a word, what is known about it, and seconds that count down. Each change is
 * announced once to a screen reader; the seconds are not.
 */
export function createStateLine({ body, word, detail, retry, announce }) {
  let ticking;
  let state = { phase: 'closed' };

  function draw() {
    const [title, about] = describe(state);
    word.textContent = title;
    detail.textContent = about;
  }

  return {
    show(next) {
      state = next.phase === 'connecting' ? { ...next, lost: state.phase === 'waiting' ? closeText(state) : '' } : next;
      body.dataset.phase = next.phase === 'closed' && next.code !== undefined ? 'refused' : next.phase;
      retry.hidden = next.phase !== 'waiting' && !(next.phase === 'connecting' && next.attempt > 0);
      clearInterval(ticking);
      if (next.retryAtMs !== undefined || next.moveAtMs !== undefined) ticking = setInterval(draw, 250);
      draw();
      const spoken =
        next.phase === 'waiting'
          ? `Reconnecting. ${closeText(next)}`
          : describe(state)
              .filter((part) => part !== '')
              .join('. ');
      if (announce.textContent !== spoken) announce.textContent = spoken;
    },
  };
}

function describe(state) {
  switch (state.phase) {
    case 'connecting':
      return [state.attempt > 0 ? `Connecting, attempt ${state.attempt + 1}` : 'Connecting', state.lost];
    case 'open':
      return ['Open', state.moveAtMs === undefined ? sinceText(state.sinceMs) : `moving ${inText(state.moveAtMs)}`];
    case 'waiting':
      return [`Reconnecting ${inText(state.retryAtMs)}`, closeText(state)];
    default:
      return state.code === undefined
        ? ['Not connected', '']
        : [`Closed ${state.code}`, `${state.reason || 'no reason given'}; will not reconnect`];
  }
}

function closeText({ code, reason, wasOpen }) {
  const meaning = code === 1006 && !wasOpen ? 'no server, or refused: it may want a token' : closeMeanings[code];
  return `closed ${code}: ${reason || meaning || 'no reason given'}`;
}

function inText(atMs) {
  return `in ${Math.max(0, Math.ceil((atMs - Date.now()) / 1000))} s`;
}

function sinceText(sinceMs) {
  return `since ${new Date(sinceMs).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' })}`;
}
