import { commaList } from './envelope.js';

const settingsKey = 'tidings.demo';
const cursorKey = 'tidings.demo.cursor.';

/** The types of a comma list; `*` stands for all of them and so swallows the rest; none named is `notice`. */
export function typesOf(text) {
  const types = [...new Set(commaList(text))];
  if (types.includes('*')) return ['*'];
  return types.length === 0 ? ['notice'] : types;
}

/**
 * Who the page was last: from its address if that names a uid (then `given` is true, and the page connects by itself), else
 * from the last visit. The address comes first because every tab has its own, while all tabs share one storage.
 */
export function loadSettings(location) {
  const query = new URLSearchParams(location.search);
  const uid = query.get('uid')?.trim();
  const kept = uid ? {} : (read(() => JSON.parse(localStorage.getItem(settingsKey) ?? '{}')) ?? {});
  return {
    uid: uid || text(kept.uid, '1'),
    types: uid ? (query.get('types') ?? 'notice') : text(kept.types, 'notice'),
    tracked: uid ? query.get('mode') !== 'plain' : kept.tracked !== false,
    given: Boolean(uid),
  };
}

export function saveSettings({ uid, types, tracked }) {
  read(() => localStorage.setItem(settingsKey, JSON.stringify({ uid, types: types.join(','), tracked })));
}

/** The query that opens this page as that listener. */
export function pageQuery({ uid, types, tracked }) {
  const query = `?uid=${encodeURIComponent(uid)}&types=${types.map(encodeURIComponent).join(',')}`;
  return tracked ? query : `${query}&mode=plain`;
}

/** The last mid handled, by uid. A reload of the tab goes on from there; another tab has its own. */
export function createCursors() {
  const known = new Map();
  return {
    get(uid) {
      if (!known.has(uid)) known.set(uid, read(() => JSON.parse(sessionStorage.getItem(cursorKey + uid))) ?? null);
      return known.get(uid);
    },
    set(uid, mid) {
      known.set(uid, mid);
      read(() => sessionStorage.setItem(cursorKey + uid, JSON.stringify(mid)));
    },
  };
}

function text(value, fallback) {
  return typeof value === 'string' && value !== '' ? value : fallback;
}

/** Storage may be forbidden, full, or hold what another page left: then the page does without. */
function read(access) {
  try {
    return access();
  } catch {
    return undefined;
  }
}
