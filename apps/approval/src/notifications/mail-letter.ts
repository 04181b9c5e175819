import { evidenceLines, newsLine, placeLine, policyLine } from './request-words.js';
import type { Telling } from './telling.js';

const MOST_SUBJECT = 150;
const MOST_TEXT = 20_000;

export interface Letter {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

export interface LetterLinks {
  /** Where the recipient decides. */
  readonly decision: string | undefined;
  readonly run: string | undefined;
}

/** What a person is written, as text and as HTML without anything that is loaded from elsewhere. */
export function letterOf(telling: Telling, links: LetterLinks): Letter {
  const { request } = telling;
  const message = request.status === 'open' ? request.message : newsLine(telling);
  const details = request.status === 'open' ? [...evidenceLines(request), policyLine(request)] : [];
  const lines = [placeLine(telling), ...details].filter(line => line !== '').map(line => line.slice(0, MOST_TEXT));
  const shown = [
    ...(links.decision === undefined ? [] : [['Look at it and decide', links.decision] as const]),
    ...(links.run === undefined ? [] : [['The run', links.run] as const]),
  ];
  return {
    subject: subjectOf(telling, message),
    text: [message, '', ...lines, '', ...shown.map(([title, url]) => `${title}: ${url}`), ''].join('\n'),
    html: [
      `<p><strong>${escaped(message)}</strong></p>`,
      ...lines.map(line => `<p>${escaped(line)}</p>`),
      ...shown.map(([title, url]) => `<p><a href="${escaped(url)}">${escaped(title)}</a></p>`),
    ].join('\n'),
  };
}

/** One line, whatever the message holds. */
function subjectOf({ started }: Telling, message: string): string {
  const whole = started ? `[${started.flowName}] ${message}` : message;
  const line = whole.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return line.length <= MOST_SUBJECT ? line : `${line.slice(0, MOST_SUBJECT - 1)}…`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
