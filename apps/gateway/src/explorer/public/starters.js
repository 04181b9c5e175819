import { badge, h, problem } from './elements.js';
import { ago, instant } from './formats.js';
import { query } from './graphql.js';
import { EVENT_TRIGGERS, SCHEDULES, STARTER_VERBS } from './queries.js';

/** What starts runs of a flow by itself, drawn into `place`; nothing when there is nothing. */
export async function showStarters(place, slug) {
  const again = () => showStarters(place, slug);
  const found = [...(await schedulesOf(slug)), ...(await triggersOf(slug))];
  if (found.length === 0) return place.replaceChildren();
  const rows = found.map(starter => starterRow(starter, again));
  place.replaceChildren(h('section.card.starters', {}, h('h2', {}, 'Starts by itself'), rows));
}

export async function schedulesOf(slug) {
  const all = [];
  for (let after = null, more = true; more;) {
    const { schedules } = await query(SCHEDULES, { after });
    all.push(...schedules.nodes);
    ({ hasNextPage: more, endCursor: after } = schedules.pageInfo);
  }
  const own = all.filter(({ flow }) => flow.slug === slug);
  return own.map(schedule => ({ kind: 'schedule', ...schedule, when: timesOf(schedule) }));
}

/** Not everybody who may start a flow may see what else starts it. */
async function triggersOf(slug) {
  const { eventTriggers } = await query(EVENT_TRIGGERS).catch(error => {
    if (error.code === 'FORBIDDEN') return { eventTriggers: [] };
    throw error;
  });
  const own = eventTriggers.filter(({ flow }) => flow === slug);
  return own.map(({ event, condition, ...trigger }) => ({
    ...{ kind: 'event', when: `on ${event}${condition ? `, if ${condition}` : ''}` },
    ...trigger,
  }));
}

function timesOf({ cron, timeZone, nextFireAt, status }) {
  return `${cron}, ${timeZone}${nextFireAt && status === 'ACTIVE' ? ` · next ${instant(nextFireAt)}` : ''}`;
}

function starterRow({ kind, id, name, status, when, firings }, again) {
  const trouble = h('div');
  const verb = { ACTIVE: 'pause', PAUSED: 'resume' }[status];
  const steer = async () => {
    try {
      const { outcome } = await query(STARTER_VERBS[kind][verb], { id });
      if (outcome.code) throw outcome;
      await again();
    } catch (error) {
      trouble.replaceChildren(problem(error));
    }
  };
  const label = verb === 'pause' ? 'Pause' : 'Resume';
  return h(
    'div.starter',
    {},
    h('div', {}, h('strong', {}, name), h('p.mute', {}, when), lastFiring(firings)),
    badge(status),
    verb && h('button.quiet', { click: steer, 'aria-label': `${label} ${name}` }, label),
    trouble,
  );
}

function lastFiring([last]) {
  if (!last) return h('p.mute', {}, 'Has started nothing yet.');
  const became = last.runId ? h('a', { href: `#/runs/${last.runId}` }, 'a run') : `nothing: ${last.declined}`;
  return h('p.mute', {}, `Started `, became, ` ${ago(last.firedAt)}`);
}
