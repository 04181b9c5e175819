import type { AskView, GateView, RunView, RunViewEvent, StepView } from './run-view.js';

export type PeopleEvent = Extract<
  RunViewEvent,
  {
    type:
      | 'GateReached'
      | 'GateResolved'
      | 'GateAnswered'
      | 'ApprovalRequested'
      | 'ApprovalJoined'
      | 'ApprovalEscalated'
      | 'ApprovalDecided'
      | 'ApprovalWithdrawn';
  }
>;
type Requested = Extract<PeopleEvent, { type: 'ApprovalRequested' }>['data'];

/** The run after people were asked something, at a gate or by an agent, or after it was decided. */
export function withPeople(view: RunView, event: PeopleEvent): RunView {
  switch (event.type) {
    case 'GateReached':
      return withSteps(view, [event.data.step], step => atGate(step, event.data));
    case 'GateAnswered':
      // A skip is a vote, which the policy may not count: people may still be asked.
      if (event.data.verb === 'SKIP') return view;
      return withSteps(view, [event.data.step], step => withGate(step, event.data.gateId, { answered: true }));
    case 'GateResolved': {
      const { gateId, decision, by } = event.data;
      return withSteps(view, [event.data.step], step => {
        const decided = withGate(step, gateId, { decision, decidedBy: by });
        return decided.state === 'WAITING' ? { ...decided, state: 'PENDING' } : decided;
      });
    }
    case 'ApprovalRequested':
      return event.data.kind === 'gate' ? gateAsked(view, event.data) : asked(view, event.data);
    case 'ApprovalJoined':
      return joined(view, event.data.requestId, event.data.call.step);
    case 'ApprovalEscalated':
      return escalated(view, event.data);
    case 'ApprovalDecided': {
      const { requestId, step, decision, by } = event.data;
      const told = withSteps(view, [step], one => withGate(one, requestId, { decision, decidedBy: by }));
      return withoutAsk(told, requestId);
    }
    case 'ApprovalWithdrawn': {
      const { requestId, step } = event.data;
      const told = withSteps(view, [step], one => withGate(one, requestId, { withdrawn: true }));
      return withoutAsk(told, requestId);
    }
  }
}

/** Changes the steps of these keys, whichever there are, in one pass. */
export function withSteps(view: RunView, keys: readonly string[], change: (step: StepView) => StepView): RunView {
  const wanted = new Set(keys);
  return { ...view, steps: view.steps.map(step => (wanted.has(step.key) ? change(step) : step)) };
}

function atGate(step: StepView, data: Extract<PeopleEvent, { type: 'GateReached' }>['data']): StepView {
  const { gateId, message, reachedAt, terms } = data;
  const { timeoutMs, policy } = terms;
  const until = timeoutMs === undefined ? undefined : new Date(Date.parse(reachedAt) + timeoutMs).toISOString();
  const gate: GateView = {
    requestId: gateId,
    message,
    reachedAt,
    asked: false,
    approvers: policy.approvers ?? [],
    count: policy.count,
    excludesStarter: policy.excludeStarter,
    ...(until !== undefined && { until }),
  };
  return { ...step, state: 'WAITING', gate };
}

function gateAsked(view: RunView, { requestId, step, deadline }: Requested): RunView {
  const until = deadline ? { until: deadline.dueAt } : {};
  return withSteps(view, [step], one => withGate(one, requestId, { asked: true, ...until }));
}

/** An agent asks: its step waits, and the steps of those who ask the same (a fan-out is asked once). */
function asked(view: RunView, data: Requested): RunView {
  const { requestId, kind, message, requestedAt, policy, deadline, calls, step } = data;
  const ask: AskView = {
    requestId,
    kind: kind === 'question' ? 'QUESTION' : 'PERMISSION',
    message,
    since: requestedAt,
    approvers: policy.approvers ?? [],
    excludesStarter: policy.excludeStarter,
    ...(deadline && { until: deadline.dueAt }),
  };
  return withSteps(view, [step, ...calls.map(call => call.step)], one => withAsk(one, ask));
}

function joined(view: RunView, requestId: string, key: string): RunView {
  const ask = view.steps.flatMap(step => step.asks ?? []).find(one => one.requestId === requestId);
  return ask ? withSteps(view, [key], step => withAsk(step, ask)) : view;
}

function withAsk(step: StepView, ask: AskView): StepView {
  const others = (step.asks ?? []).filter(one => one.requestId !== ask.requestId);
  return { ...step, state: step.state === 'RUNNING' ? 'WAITING' : step.state, asks: [...others, ask] };
}

/** Who waits for nothing else goes on where it stopped. */
function withoutAsk(view: RunView, requestId: string): RunView {
  const keys = view.steps.filter(step => step.asks?.some(ask => ask.requestId === requestId)).map(step => step.key);
  if (keys.length === 0) return view;
  return withSteps(view, keys, step => {
    const { asks = [], ...rest } = step;
    const open = asks.filter(ask => ask.requestId !== requestId);
    if (open.length > 0) return { ...rest, asks: open };
    const executes = step.state === 'WAITING' && step.attempts.at(-1)?.state === 'RUNNING';
    return executes ? { ...rest, state: 'RUNNING' } : rest;
  });
}

function escalated(view: RunView, data: Extract<PeopleEvent, { type: 'ApprovalEscalated' }>['data']): RunView {
  const { requestId, to, dueAt: until } = data;
  const more = <Asked extends Pick<AskView, 'approvers'>>(one: Asked): Asked => ({
    ...one,
    until,
    approvers: one.approvers.length > 0 ? [...new Set([...one.approvers, ...to])] : [],
  });
  return {
    ...view,
    steps: view.steps.map(step =>
      step.gate?.requestId === requestId || step.asks?.some(ask => ask.requestId === requestId)
        ? {
            ...step,
            ...(step.gate?.requestId === requestId && { gate: more(step.gate) }),
            ...(step.asks && { asks: step.asks.map(ask => (ask.requestId === requestId ? more(ask) : ask)) }),
          }
        : step,
    ),
  };
}

function withGate(step: StepView, requestId: string, news: Partial<GateView>): StepView {
  return step.gate?.requestId === requestId ? { ...step, gate: { ...step.gate, ...news } } : step;
}
