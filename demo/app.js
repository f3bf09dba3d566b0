import { postAndShow } from './answer.js';
import { createArrivals } from './arrivals.js';
import { commaList, composeEnvelope, curlCommand, envelopeBody } from './envelope.js';
import { createListener, listenUrl } from './listener.js';
import { createCursors, loadSettings, pageQuery, saveSettings, typesOf } from './settings.js';
import { isHeaderText, isTokenText, uidOfToken } from './secrets.js';
import { createStateLine } from './state-line.js';

const byId = (id) => document.getElementById(id);
const page = location.href;
const sendUrl = new URL('../send', page).href;
const cursors = createCursors();

/** Who this page is connected as, or undefined; `phase` is the connection's. */
let active;
let phase = 'closed';
/** The address that was opened last. */
let openedUrl = '';
let isPosting = false;

const stateLine = createStateLine({
  body: document.body,
  word: byId('state'),
  detail: byId('state-detail'),
  retry: byId('retry'),
  announce: byId('announce-state'),
});

const arrivals = createArrivals({
  list: byId('arrivals'),
  announce: byId('announce-arrival'),
  onCount(total) {
    byId('count').textContent = total === 0 ? '' : `${total.toLocaleString('en')} arrived`;
    showCursor();
    byId('clear').hidden = byId('arrivals').childElementCount === 0;
    byId('steps').hidden = total > 0;
  },
});

const listener = createListener({
  page,
  cursors,
  onState(state) {
    phase = state.phase;
    if (phase === 'closed') active = undefined;
    if (phase === 'connecting') openedUrl = state.url;
    stateLine.show(state);
    showCursor();
    drawListen();
    drawComposer();
  },
  onFrame(frame) {
    if ('msg' in frame && frame.event === undefined) arrivals.message(frame);
    else {
      if (frame.event === 'retract') arrivals.retract(frame.id);
      arrivals.note(noteText(frame));
    }
  },
  onUnreadable: (text) => arrivals.note(`unreadable frame: ${text}`),
});

function noteText({ event, ...rest }) {
  if (event === 'welcome') {
    return `welcome · ${rest.resumed ? 'resumed' : 'not resumed: some messages may be missing'} · head mid ${rest.mid}`;
  }
  if (event === 'gap') return `gap · some messages may be missing, up to mid ${rest.mid}`;
  if (event === 'retract') return `retract · ${rest.id}`;
  return `${event ?? 'unknown frame'} · ${JSON.stringify(rest)}`;
}

function showCursor() {
  const cursor = active?.tracked ? cursors.get(active.uid) : null;
  byId('cursor').textContent = cursor === null ? '' : `cursor ${cursor}`;
}

function readListen() {
  return {
    uid: byId('uid').value.trim(),
    types: typesOf(byId('types').value),
    tracked: byId('listen').elements.mode.value === 'tracked',
    token: byId('token').value.trim(),
  };
}

function drawListen() {
  const wanted = readListen();
  const isChanged = active !== undefined && (pageQuery(active) !== pageQuery(wanted) || active.token !== wanted.token);
  const hadFocus = document.activeElement;
  byId('connect').hidden = active !== undefined && !isChanged;
  byId('connect').textContent = isChanged ? 'Apply' : 'Connect';
  byId('disconnect').hidden = active === undefined;
  if (hadFocus === byId('connect') && byId('connect').hidden) byId('disconnect').focus();
  if (hadFocus === byId('disconnect') && byId('disconnect').hidden) byId('connect').focus();

  byId('mode-hint').textContent = wanted.tracked
    ? 'Numbered; goes on from its cursor after a break.'
    : 'The bare message; what is missed is missed.';
  const isAsShown = active !== undefined && !isChanged;
  byId('address').textContent = isAsShown ? openedUrl : listenUrl(page, wanted, cursors.get(wanted.uid));
  document.title = active === undefined ? 'Tidings demo' : `uid ${active.uid} · Tidings demo`;
  const other = otherUid();
  byId('second-tab').textContent = `Open uid ${other} in another tab`;
  byId('second-tab').href = pageQuery({ uid: other, types: ['notice'], tracked: true });
}

/** Whom another tab could be: the first addressee that is not this page, or else the next number. */
function otherUid() {
  const self = active?.uid ?? readListen().uid;
  const addressed = readComposer().topic === 'uids' ? commaList(readComposer().uids) : [];
  return addressed.find((uid) => uid !== self) ?? (self === '1' ? '2' : '1');
}

function connect() {
  const wanted = readListen();
  if (showProblem('listen-problem', listenProblem(wanted))) return;
  active = wanted;
  saveSettings(wanted);
  history.replaceState(null, '', pageQuery(wanted));
  listener.connect(wanted);
}

function listenProblem({ uid, token }) {
  if (token !== '' && !isTokenText(token)) {
    return { field: 'token', text: 'A token has letters, digits, dots, hyphens and underscores only.' };
  }
  // Whoever has a token is who it says.
  return uid === '' && token === '' ? { field: 'uid', text: 'A listener needs a uid.' } : undefined;
}

function disconnect() {
  history.replaceState(null, '', location.pathname);
  listener.disconnect();
}

function readComposer() {
  return {
    topic: byId('composer').elements.topic.value,
    uids: byId('to-uids').value,
    type: byId('type').value,
    message: byId('message').value,
    asJson: byId('as-json').checked,
    expirySeconds: Number(byId('expiry').value),
    key: byId('key').value.trim(),
  };
}

function drawComposer() {
  const fields = readComposer();
  byId('to-uids').hidden = fields.topic === 'all';
  byId('to-all').hidden = fields.topic !== 'all';
  byId('message').classList.toggle('mono', fields.asJson);
  byId('reach').textContent = reachText(fields);
  const { members } = composeEnvelope(fields);
  if (members !== undefined)
    byId('curl').textContent = curlCommand(sendUrl, members, { ...fields, hasKey: fields.key !== '' });
}

/** Whether this very page will see the message, and if not, why: the first question of whoever sees nothing arrive. */
function reachText({ topic, uids, type }) {
  if (phase !== 'open' || active === undefined) return 'This page is not connected.';
  if (topic === 'uids' && !commaList(uids).includes(active.uid)) {
    return `Not for this page, which listens as uid ${active.uid}.`;
  }
  const name = type.trim() || 'notice';
  if (active.types[0] !== '*' && !active.types.includes(name)) {
    return `This page does not listen for type ${name}.`;
  }
  return 'This page will get it.';
}

async function send() {
  const fields = readComposer();
  const { members, problem } = composeEnvelope(fields);
  const noKey = { field: 'key', text: 'A key has no spaces and no letters beyond ASCII.' };
  if (showProblem('composer-problem', isHeaderText(fields.key) ? problem : noKey) || isPosting) return;
  isPosting = true;
  const body = envelopeBody(members, fields.expirySeconds, Date.now());
  const status = await postAndShow({ url: sendUrl, body, key: fields.key, place: byId('answer') });
  isPosting = false;
  if (status === 401) byId('access').open = true;
}

/** Shows what is wrong beside the form, marks its field and goes there; without a problem, clears all that. */
function showProblem(placeId, problem) {
  const place = byId(placeId);
  // Not only those of its own form: the key stands with the token.
  const marked = document.querySelectorAll(`[aria-invalid][aria-describedby=${placeId}]`);
  for (const field of marked) field.removeAttribute('aria-invalid');
  place.hidden = problem === undefined;
  place.textContent = problem?.text ?? '';
  if (problem === undefined) return false;
  const field = byId(problem.field);
  const folded = field.closest('details');
  if (folded !== null) folded.open = true;
  field.setAttribute('aria-invalid', 'true');
  field.setAttribute('aria-describedby', placeId);
  field.focus();
  return true;
}

async function copyCurl() {
  const code = byId('curl');
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch {
    // No clipboard without TLS, except on localhost: leave the command selected for the reader's own keys.
    getSelection().selectAllChildren(code);
    byId('copy').textContent = 'Selected';
    return;
  }
  byId('copy').textContent = 'Copied';
  setTimeout(() => (byId('copy').textContent = 'Copy'), 2_000);
}

byId('listen').addEventListener('submit', (event) => {
  event.preventDefault();
  connect();
});
byId('token').addEventListener('input', () => {
  const uid = uidOfToken(byId('token').value.trim());
  if (uid !== undefined) byId('uid').value = uid;
});
byId('listen').addEventListener('input', () => {
  drawListen();
  drawComposer();
});
byId('disconnect').addEventListener('click', disconnect);
byId('retry').addEventListener('click', () => {
  byId('disconnect').focus();
  listener.retry();
});
addEventListener('online', () => listener.retry());
byId('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  void send();
});
byId('composer').addEventListener('input', () => {
  drawComposer();
  drawListen();
});
byId('message').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) byId('composer').requestSubmit();
});
byId('clear').addEventListener('click', () => {
  arrivals.clear();
  byId('arrivals-title').focus();
});
byId('copy').addEventListener('click', () => void copyCurl());

const settings = loadSettings(location);
byId('uid').value = settings.uid;
byId('types').value = settings.types;
byId('listen').elements.mode.value = settings.tracked ? 'tracked' : 'plain';
byId('to-uids').value = settings.uid;
drawListen();
drawComposer();
if (settings.given) connect();
