import { h } from './elements.js';
import { bytes } from './formats.js';
import { token } from './session.js';

/** A button that saves what is at `url`: `bytes` of it, under `name`. */
export function downloadButton({ url, bytes: size, title }, name, text = name) {
  const save = () => download(url, name);
  return h('button.artifact', { title, click: save }, text, h('span.mute', {}, ` ${bytes(size)}`));
}

/** With the token in a header, never in an address. */
async function download(url, name) {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token()}` } });
  if (!response.ok) return;
  const address = URL.createObjectURL(await response.blob());
  h('a', { href: address, download: name }).click();
  URL.revokeObjectURL(address);
}
