import type { Chance } from './chance.fixture.js';

/** A flow of these steps, as JSON: each needs some of those before it, some ask people, some may fail in their own way. */
export function randomFlow(keys: readonly string[], chance: Chance): string {
  const steps = keys.map((key, index) => {
    const needs = keys.slice(0, index).filter(() => chance.happens(0.4));
    return { key, needs, ...work(chance), ...condition(needs, chance), ...failure(chance) };
  });
  const routed = steps.map(step => ({ ...step, ...routes(step.key, steps, chance) }));
  return JSON.stringify({ slug: 'sim', defaults: { profile: 'plain' }, ...concurrency(chance), steps: routed });
}

/** Its runs take turns, or the newest has the others cancelled. */
function concurrency(chance: Chance): object {
  if (!chance.happens(0.2)) return {};
  return { concurrency: { key: 'sim', policy: chance.of(['QUEUE', 'QUEUE', 'CANCEL_OLDER']) } };
}

function work(chance: Chance): object {
  if (chance.happens(0.12)) return { gate: gate(chance) };
  return {
    ...(chance.happens(0.35) ? { function: 'ticket', timeout: '5s' } : { run: 'true' }),
    ...(chance.happens(0.25) ? { gates: { before: gate(chance) } } : {}),
    ...(chance.happens(0.15) ? { gates: { after: gate(chance) } } : {}),
  };
}

function gate(chance: Chance): object {
  const timeout = chance.happens(0.3)
    ? { timeout: '2s', onTimeout: chance.of(['FAIL', 'REJECT', 'SKIP', 'ESCALATE']), escalateTo: ['mem_cle'] }
    : {};
  const { onTimeout } = timeout as { onTimeout?: string };
  const count = chance.happens(0.2) ? { count: 2 } : {};
  return { message: 'Go on?', ...count, ...timeout, ...(onTimeout === 'ESCALATE' ? {} : { escalateTo: undefined }) };
}

function condition(needs: readonly string[], chance: Chance): object {
  const [first] = needs;
  if (first === undefined || chance.happens(0.85)) return {};
  return { if: `steps.${first}.outcome != "PARTIAL"` };
}

function failure(chance: Chance): object {
  if (chance.happens(0.5)) return {};
  const retry = chance.happens(0.5) ? { retry: { max: 1 + chance.below(2), backoff: '1s' } } : {};
  return { onFailure: { then: chance.of(['FAIL', 'PAUSE', 'SKIP']), ...retry } };
}

interface Step {
  readonly key: string;
  readonly needs: readonly string[];
}

/** One of those that need the step is chosen by how it ended. */
function routes(key: string, steps: readonly Step[], chance: Chance): object {
  const dependents = steps.filter(({ needs }) => needs.includes(key)).map(dependent => dependent.key);
  if (dependents.length < 2 || chance.happens(0.6)) return {};
  return { routes: [{ on: chance.of(['ERROR', 'PARTIAL']), to: dependents[0] }, { to: dependents[1] }] };
}
