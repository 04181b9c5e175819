import { h } from './elements.js';
import { bytes } from './formats.js';
import { token } from './session.js';

/** A button that saves what is at `url` under `name`: `bytes` of it, if that is known before. */
export function downloadButton({ url, bytes: size, title }, name, text = name) {
  const note = h('span.mute', {}, size === undefined ? '' : ` ${bytes(size)}`);
  const save = () => download(url, name).catch(error => (note.textContent = ` ${error.message}`));
  return h('button.artifact', { title, click: save }, text, note);
}

/** With the token in a header, never in an address. */
async function download(url, name) {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token()}` } });
  if (!response.ok) throw new Error(await reasonOf(response));
  const address = URL.createObjectURL(await response.blob());
  h('a', { href: address, download: name }).click();
  URL.revokeObjectURL(address);
}

async function reasonOf(response) {
  const { error } = await response.json().catch(() => ({}));
  return error ? [error.message, error.fix].filter(Boolean).join(' ') : `It cannot be had (${response.status}).`;
}
