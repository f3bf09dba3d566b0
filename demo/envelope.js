/** The names in a comma list. Spaces within a name belong to it: uids and types may have them. */
export function commaList(text) {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/**
 * The members of an envelope, each as JSON text, so that a JSON message goes out exactly as it was typed; or the one thing
 * that is wrong with the form, as `{ problem: { field, text } }`.
 */
export function composeEnvelope({ topic, uids, type, message, asJson }) {
  const members = [['topic', JSON.stringify(topic)]];
  if (topic === 'uids') {
    const ids = commaList(uids);
    if (ids.length === 0) return { problem: { field: 'to-uids', text: 'Name at least one uid, or send to all.' } };
    members.push(['topic_ids', JSON.stringify(ids)]);
  }
  if (type.trim() !== '') members.push(['types', JSON.stringify(type.trim())]);
  if (!asJson) {
    members.push(['msg', JSON.stringify(message)]);
    return { members };
  }
  try {
    JSON.parse(message);
  } catch (error) {
    return { problem: { field: 'message', text: `Not JSON: ${error.message}` } };
  }
  members.push(['msg', message.trim()]);
  return { members };
}

/** The body to post. `expirySeconds` from now; 0: never. */
export function envelopeBody(members, expirySeconds, nowMs) {
  const timeout = expirySeconds === 0 ? [] : [['timeout', String(Math.floor(nowMs / 1000) + expirySeconds)]];
  return object([...members, ...timeout]);
}

/**
 * The same post for a POSIX shell. An expiry is left to its `date`, so that the command still works in an hour; a key to its environment,
 * so that it is not in what is copied.
 */
export function curlCommand(url, members, { expirySeconds, hasKey }) {
  const timeout = expirySeconds === 0 ? [] : [['timeout', mark]];
  const body = quote(object([...members, ...timeout])).replace(mark, () => `'"$(($(date +%s) + ${expirySeconds}))"'`);
  const bearer = hasKey ? `  -H "Authorization: Bearer $TIDINGS_KEY" \\\n` : '';
  return `curl -i ${quote(url)} \\\n  -H 'Content-Type: application/json' \\\n${bearer}  -d ${body}`;
}

/** Stands for the expiry while the rest is quoted: the one character that no JSON text contains. */
const mark = '\u0000';

function object(members) {
  return `{${members.map(([name, json]) => `"${name}":${json}`).join(',')}}`;
}

function quote(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
