import { downloadButton } from './download.js';
import { h } from './elements.js';

/** The whole history of a run, and the program that checks it offline: two buttons, for who has the scope `audit.read`. */
export function auditBundle(id) {
  const history = 'Every event of this run, with the proof that it is as it was written';
  const check = `Checks the bundle, offline: node verify.mjs ${id}.audit.ndjson`;
  return h(
    'div.artifacts',
    {},
    downloadButton({ url: `/api/v1/runs/${id}/audit.ndjson`, title: history }, `${id}.audit.ndjson`, 'Audit bundle'),
    downloadButton({ url: '/api/v1/verify.mjs', title: check }, 'verify.mjs', 'Verifier'),
  );
}
