import type { ApprovalDecision } from '@runledger/contracts';
import type { KnownBlock } from '@slack/web-api';
import type { OpenApproval } from '../approvals/approval-state.js';
import { endingOf, evidenceLines, newsLine, placeLine, policyLine } from './request-words.js';
import type { Telling } from './telling.js';
import type { Ticket } from './tickets.js';

/** What Slack takes at most: of a section's text, of a button's. */
const [MOST_TEXT, MOST_LABEL, MOST_CHOICES] = [2_900, 75, 20];

export interface SlackMessage {
  /** For notifications and readers of screens. */
  readonly text: string;
  readonly blocks: KnownBlock[];
}

export interface SlackParts {
  /** Seals what a button stands for. */
  readonly seal: (ticket: Ticket) => string;
  readonly runUrl: string | undefined;
}

/** A message as it is now: with buttons while the request waits, with who decided afterwards. */
export function slackMessage(telling: Telling, parts: SlackParts): SlackMessage {
  const { request } = telling;
  if (request.status === 'open') return openMessage(telling, request, parts);
  if (request.status === 'absent') {
    const text = newsLine(telling);
    return { text, blocks: [section(plain(text)), context(placeLine(telling), parts)] };
  }
  const ending = endingOf(telling) ?? '';
  const text = `${request.request.message} ${ending}`;
  const blocks = [
    section(`*${plain(request.request.message)}*`),
    section(plain(ending)),
    context(placeLine(telling), parts),
  ];
  return { text, blocks };
}

function openMessage(telling: Telling, open: OpenApproval, parts: SlackParts): SlackMessage {
  const lines = evidenceLines(open);
  const buttons = buttonsOf(open, parts);
  const hint = buttons.length === 0 ? ['This takes words: answer it on the page of the run.'] : [];
  return {
    text: open.message,
    blocks: [
      section(`*${plain(open.message)}*`),
      ...(lines.length > 0 ? [section(plain(lines.join('\n')))] : []),
      context(placeLine(telling), parts),
      context([policyLine(open), ...hint].join('\n')),
      ...(buttons.length > 0 ? [{ type: 'actions' as const, block_id: 'decide', elements: buttons }] : []),
    ],
  };
}

interface Option {
  readonly label: string;
  readonly decision: ApprovalDecision;
  readonly choice?: number;
  readonly style?: 'primary' | 'danger';
}

const GATE: readonly Option[] = [
  { label: 'Approve', decision: 'APPROVE', style: 'primary' },
  { label: 'Reject', decision: 'REJECT', style: 'danger' },
];
const PROMPT: readonly Option[] = [
  { label: 'Allow once', decision: 'ALLOW_ONCE', style: 'primary' },
  { label: 'Deny', decision: 'DENY', style: 'danger' },
];

function optionsOf({ shown, request }: OpenApproval): readonly Option[] {
  switch (request.kind) {
    case 'gate':
      return GATE;
    case 'permission':
      return PROMPT;
    case 'question': {
      const choices = 'question' in shown ? (shown.choices ?? []) : [];
      if (choices.length > MOST_CHOICES) return [];
      return choices.map((label, choice) => ({ label, choice, decision: 'ANSWER' as const }));
    }
  }
}

function buttonsOf(open: OpenApproval, { seal }: SlackParts) {
  const { shownHash, request } = open;
  return optionsOf(open)
    .filter(({ decision }) => request.decisions.includes(decision))
    .map(({ label, decision, choice, style }, index) => ({
      type: 'button' as const,
      action_id: `decide.${index}`,
      text: { type: 'plain_text' as const, text: cut(label, MOST_LABEL) },
      value: seal({ requestId: request.requestId, shownHash, decision, ...(choice !== undefined && { choice }) }),
      ...(style !== undefined && { style }),
    }));
}

function section(text: string): KnownBlock {
  return { type: 'section', text: { type: 'mrkdwn', text: cut(text, MOST_TEXT) } };
}

function context(line: string, { runUrl }: Partial<SlackParts> = {}): KnownBlock {
  const link = runUrl === undefined ? '' : ` · <${runUrl}|Open the run>`;
  return { type: 'context', elements: [{ type: 'mrkdwn', text: cut(plain(line), MOST_TEXT) + link }] };
}

/** Text that Slack takes as text: no mention of anybody, no link, no markup of its own (docs.slack.dev, escaping text). */
function plain(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[*_~`]/g, mark => `\u200b${mark}\u200b`);
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
