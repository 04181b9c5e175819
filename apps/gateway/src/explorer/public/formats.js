/** 1.2 s, 3 min 4 s, 2 h 5 min */
export function duration(ms) {
  if (ms === null || ms === undefined) return '–';
  if (Number(ms) < 100) return `${Math.round(Number(ms))} ms`;
  const seconds = Number(ms) / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}

/** In the reader's time zone, which is named. */
export function instant(text) {
  return new Date(text).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'long' });
}

/** `AWAITING_REPLY`: awaiting reply */
export function words(code) {
  return code.toLowerCase().replaceAll('_', ' ');
}

/** `1 run`, `2 runs` */
export function count(number, thing) {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}

export function ago(text) {
  const seconds = Math.max(0, (Date.now() - Date.parse(text)) / 1_000);
  if (seconds < 60) return 'just now';
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  return new Date(text).toLocaleDateString(undefined, { dateStyle: 'medium' });
}

/** Ahead of us, or just over. */
export function until(text) {
  const ms = Date.parse(text) - Date.now();
  return ms > 0 ? `for at most ${duration(ms)} more` : 'which is over';
}

/** `in 3 min`, or `now` for what is over or about to be. */
export function soon(text) {
  const seconds = (Date.parse(text) - Date.now()) / 1_000;
  if (seconds < 1) return 'now';
  if (seconds < 60) return `in ${Math.ceil(seconds)} s`;
  if (seconds < 3_600) return `in ${Math.ceil(seconds / 60)} min`;
  return `in ${Math.ceil(seconds / 3_600)} h`;
}

/** Unpriced is never shown as nothing. */
export function cost(money, unpriced) {
  if (!money) return unpriced ? 'unpriced' : '–';
  return unpriced ? `${money.formatted} + unpriced` : money.formatted;
}

export function bytes(count) {
  const size = Number(count);
  if (size < 1_024) return `${size} B`;
  return size < 1_048_576 ? `${(size / 1_024).toFixed(1)} KiB` : `${(size / 1_048_576).toFixed(1)} MiB`;
}

export function who(actor) {
  return actor.name ?? actor.id;
}

/** Terminal colours are for terminals. */
export function plain(text) {
  // eslint-disable-next-line no-control-regex -- escape sequences start with a control character
  return text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '');
}

export function json(value) {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}
