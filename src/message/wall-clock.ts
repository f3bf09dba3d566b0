/**
 * The instance's clock as an envelope writes it: `YYYY-MM-DD HH:MM:SS` in local time. The text is made once a second, not
 * once a message.
 */
export function createWallClock(now: () => number): () => string {
  let second = -1;
  let text = '';
  return () => {
    const current = Math.floor(now() / 1000);
    if (current !== second) {
      second = current;
      text = format(new Date(current * 1000));
    }
    return text;
  };
}

function format(date: Date): string {
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
