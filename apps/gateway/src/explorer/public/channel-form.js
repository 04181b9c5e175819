import { h, problem } from './elements.js';
import { query } from './graphql.js';
import { parameterForm } from './parameter-form.js';
import { ADD_CHANNEL } from './queries.js';

export const KINDS = { SLACK: 'Slack', EMAIL: 'E-mail', WEBHOOK: 'Webhook' };

export const TOPICS = {
  GATE: 'gates',
  PROMPT: 'permissions',
  QUESTION: 'questions',
  RUN_FAILED: 'failed runs',
  RUN_BLOCKED: 'blocked runs',
  BUDGET: 'budgets',
};

const text = (title, more = {}) => ({ type: 'string', maxLength: 300, title, ...more });
const lines = (title, description) => ({ type: 'array', items: { type: 'string' }, title, description });

const COMMON = {
  about: {
    type: 'array',
    items: { enum: Object.keys(TOPICS) },
    labels: TOPICS,
    title: 'Tells about',
    default: ['GATE', 'PROMPT', 'QUESTION'],
  },
  flows: lines('Only of these flows', 'Slugs, one in a line; left empty: of every flow.'),
};

/** What each kind is asked for, as JSON Schema. */
const FIELDS = {
  SLACK: {
    slackChannel: text('Id of the channel', { description: 'As C0123456789: in Slack, below "About" of the channel.' }),
    slackBotToken: text('Bot token of the app', {
      format: 'password',
      description: 'Begins with xoxb-; never shown again.',
    }),
    slackSigningSecret: text('Signing secret of the app', { format: 'password', description: 'Never shown again.' }),
  },
  EMAIL: {
    approvers: { type: 'boolean', title: 'Write to whoever may decide', default: true },
    addresses: lines('Mailboxes of teams', 'One in a line.'),
  },
  WEBHOOK: {
    url: text('Address', { format: 'uri', maxLength: 2_000, description: 'Messages are posted to it, signed.' }),
  },
};

const REQUIRED = { SLACK: ['slackChannel', 'slackBotToken', 'slackSigningSecret'], EMAIL: [], WEBHOOK: ['url'] };

/** Asks what a channel has to know. `added` gets the channel and its secret, if it has one. */
export function channelForm({ added, close }) {
  let kind = 'WEBHOOK';
  let form;
  const fields = h('div.fields');
  const trouble = h('div');
  const submit = h('button.primary', { type: 'submit' }, 'Add');
  const choose = () => {
    kind = kinds.value;
    form = parameterForm({
      properties: { name: text('Name', { maxLength: 100 }), ...FIELDS[kind], ...COMMON },
      required: ['name', ...REQUIRED[kind]],
    });
    fields.replaceChildren(...form.fields);
  };
  const kinds = h(
    'select',
    { change: choose },
    Object.entries(KINDS).map(([value, name]) => h('option', { value, selected: value === kind }, name)),
  );
  const add = async event => {
    event.preventDefault();
    submit.disabled = true;
    trouble.replaceChildren();
    try {
      const { outcome } = await query(ADD_CHANNEL, { input: { kind, ...form.value() } });
      if (outcome.__typename !== 'AddedNotificationChannel') throw outcome;
      added(outcome);
    } catch (error) {
      trouble.replaceChildren(problem(error));
      submit.disabled = false;
    }
  };
  choose();
  const buttons = h('div.buttons', {}, submit, h('button.quiet', { type: 'button', click: close }, 'Cancel'));
  const element = h(
    'form.card.channel-form',
    { submit: add },
    h('h2', {}, 'A new channel'),
    h('label.parameter', {}, h('span', {}, 'Kind'), kinds),
    fields,
    trouble,
    buttons,
  );
  return { element, focus: () => kinds.focus() };
}
