const answerWithinMs = 15_000;

/**
 * Posts the body and puts the server's answer into `place`: status, id and how durably it was accepted, or the error's
 * code, message and details. Never throws; a server that does not answer is an answer too. Resolves with the status, or undefined.
 */
export async function postAndShow({ url, body, key, place }) {
  const startMs = performance.now();
  place.setAttribute('aria-busy', 'true');
  let rows;
  let status;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key === '' ? {} : { authorization: `Bearer ${key}` }) },
      body,
      signal: AbortSignal.timeout(answerWithinMs),
    });
    const text = await response.text();
    status = response.status;
    rows = describe(response, text, Math.round(performance.now() - startMs));
  } catch (error) {
    const reason = error.name === 'TimeoutError' ? `No answer within ${answerWithinMs / 1000} s` : 'No answer';
    rows = [headline(false, reason), line('reason', 'The server is not there, or the network is not.')];
  }
  place.replaceChildren(...rows);
  place.removeAttribute('aria-busy');
  return status;
}

function describe(response, text, tookMs) {
  const head = headline(response.ok, `${response.status} ${response.statusText}`.trim(), `${tookMs} ms`);
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    // A proxy's own page, for one.
  }
  if (response.ok && answer?.id !== undefined) {
    const accepted = answer.accepted === undefined ? [] : [line('accepted', acceptedText(answer.accepted))];
    return [head, line('id', answer.id, true), ...accepted];
  }
  const error = answer?.error;
  if (error === undefined) return [head, line('body', text.slice(0, 300), true)];
  const retryAfter = response.headers.get('retry-after');
  return [
    head,
    line('code', error.code, true),
    line('message', error.message),
    ...(Array.isArray(error.details) ? error.details : []).map((detail) =>
      line(detail.path === undefined || detail.path === '' ? 'detail' : detail.path, detail.message),
    ),
    ...(retryAfter === null ? [] : [line('retry', `after ${retryAfter} s`)]),
  ];
}

function acceptedText(accepted) {
  return accepted === 'volatile' ? 'volatile: a restart of the server loses it' : accepted;
}

function headline(isGood, status, aside = '') {
  const row = document.createElement('p');
  row.className = isGood ? 'status status-good' : 'status status-bad';
  row.append(span('status-text', status), span('aside', aside));
  return row;
}

function line(name, value, isCode = false) {
  const row = document.createElement('p');
  row.className = 'answer-line';
  row.append(span('answer-name', name), span(isCode ? 'answer-value mono' : 'answer-value', value));
  return row;
}

function span(className, text) {
  const made = document.createElement('span');
  made.className = className;
  made.textContent = String(text);
  return made;
}
