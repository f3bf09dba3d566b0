/** How many entries the page keeps; the oldest go first. */
const maxEntries = 200;
/** What one entry shows of a body; the rest is counted. Characters. */
const maxBodyLength = 20_000;
/** At most one announcement to a screen reader in this time, however many arrive. */
const announceEveryMs = 1_000;
/** A page in the background draws no frames; it catches up this often instead. */
const hiddenFlushMs = 250;
const flagCount = 8;

/**
 * The list of what arrived, newest first, at most 200 entries. A burst is drawn once per frame of the screen, and what
 * would fall off at once is never drawn. Everything from the server goes in as text, never as markup.
 */
export function createArrivals({ list, announce, onCount }) {
  let total = 0;
  let pending = [];
  let scheduled = false;
  let unannounced = 0;
  let announceTimer;

  function add(entry) {
    pending.push(entry);
    if (pending.length > maxEntries) pending.shift();
    if (scheduled) return;
    scheduled = true;
    if (document.hidden) setTimeout(flush, hiddenFlushMs);
    else requestAnimationFrame(flush);
  }

  function flush() {
    scheduled = false;
    const rows = pending.map(row).reverse();
    pending = [];
    list.prepend(...rows);
    while (list.childElementCount > maxEntries) list.lastElementChild.remove();
    onCount(total);
  }

  function announceLater(text) {
    unannounced += 1;
    announceTimer ??= setTimeout(() => {
      announce.textContent = unannounced === 1 ? text : `${unannounced} notifications arrived`;
      unannounced = 0;
      announceTimer = undefined;
    }, announceEveryMs);
  }

  return {
    /** A frame of a message: `{ types, msg, time }`, with `mid` and `id` in tracked mode. */
    message(frame) {
      total += 1;
      const isText = typeof frame.msg === 'string';
      const body = bounded(isText ? frame.msg : (JSON.stringify(frame.msg, null, 2) ?? 'nothing'));
      add({ frame, isText, body });
      announceLater(`${frame.types}: ${body.slice(0, 200)}`);
    },
    /** Marks the message of this id as taken back; it may have fallen off, or have come before this page was opened. */
    retract(id) {
      for (const entry of pending) if (entry.frame?.id === id) entry.isRetracted = true;
      for (const item of list.children) if (item.dataset.id === id) markRetracted(item);
    },
    /** Something that is no message: an event of the server, shown quietly. */
    note(text) {
      add({ note: bounded(text) });
    },
    clear() {
      total = 0;
      pending = [];
      list.replaceChildren();
      onCount(total);
    },
  };
}

function bounded(text) {
  const more = text.length - maxBodyLength;
  return more <= 0 ? text : `${text.slice(0, maxBodyLength)}\n… and ${more} characters more`;
}

function markRetracted(item) {
  item.classList.add('retracted');
  if (item.querySelector('.taken-back') === null)
    item.querySelector('.type').after(element('span', 'tag taken-back', 'taken back'));
}

function row({ note, frame, isText, body, isRetracted }) {
  const item = document.createElement('li');
  if (note !== undefined) {
    item.className = 'note';
    item.textContent = note;
    return item;
  }
  item.className = 'arrival';
  const meta = element('p', 'meta');
  meta.append(flagOf(String(frame.types)), element('span', 'type', String(frame.types)));
  if (!isText) meta.append(element('span', 'tag', 'JSON'));
  if (frame.mid !== undefined) meta.append(element('span', 'mid', `mid ${frame.mid}`));
  meta.append(element('span', 'time', String(frame.time ?? '')));
  item.append(meta, element(isText ? 'p' : 'pre', isText ? 'body' : 'body code', body));
  if (frame.id !== undefined) item.dataset.id = frame.id;
  if (isRetracted) markRetracted(item);
  return item;
}

/** A little signal flag, the same one for the same type name, so that types can be told apart at a glance. */
function flagOf(type) {
  let hash = 0;
  for (const character of type) hash = (hash * 31 + character.codePointAt(0)) % 65_521;
  const flag = element('span', `flag flag-${type === 'notice' ? 0 : hash % flagCount}`);
  flag.setAttribute('aria-hidden', 'true');
  return flag;
}

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}
