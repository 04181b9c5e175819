/** One way from a state to another: any of these events leads there. */
export interface Transition<State extends string> {
  readonly from: State;
  readonly to: State;
  readonly by: readonly string[];
}

/** What each state of a run means. */
export const runStates = {
  PENDING: 'Accepted, nothing started.',
  RUNNING: 'At least one step is executing or about to.',
  PAUSED: 'People are asked at a gate or by an agent, or someone paused it.',
  BLOCKED: 'A step needs something from outside.',
  INTERRUPTED: 'The worker of a step is gone; another one takes the step up. Not a failure.',
  COMPLETED: 'Every step is completed or skipped.',
  FAILED: 'A step failed and the flow does not go on.',
  REJECTED: 'Someone said no at a gate.',
  CANCELLED: 'Someone cancelled it.',
} as const;
export type RunStateName = keyof typeof runStates;

/** What each state of a step means. */
export const stepStates = {
  PENDING: 'Its turn has not come, it waits to be tried again, or no worker took it up yet.',
  RUNNING: 'An attempt executes, or its function is called.',
  WAITING: 'People are asked: at a gate, or by its agent.',
  COMPLETED: 'It did its work.',
  FAILED: 'It did not do its work.',
  BLOCKED: 'It needs something from outside.',
  SKIPPED: 'It is left out.',
  CANCELLED: 'It will not be done, because the run ended.',
} as const;
export type StepStateName = keyof typeof stepStates;

/** Of parallel steps the most demanding state: blocked, then paused, then interrupted, then running. Tests hold the decider to it. */
export const runTransitions: readonly Transition<RunStateName>[] = [
  { from: 'PENDING', to: 'RUNNING', by: ['StepReady', 'StepSkipped'] },
  { from: 'PENDING', to: 'PAUSED', by: ['GateReached'] },
  { from: 'RUNNING', to: 'PAUSED', by: ['GateReached', 'RunPaused'] },
  { from: 'RUNNING', to: 'BLOCKED', by: ['StepBlocked'] },
  { from: 'RUNNING', to: 'INTERRUPTED', by: ['StepInterrupted'] },
  { from: 'RUNNING', to: 'COMPLETED', by: ['RunCompleted'] },
  { from: 'RUNNING', to: 'FAILED', by: ['RunFailed'] },
  { from: 'RUNNING', to: 'REJECTED', by: ['RunRejected'] },
  { from: 'RUNNING', to: 'CANCELLED', by: ['RunCancelled'] },
  {
    from: 'PAUSED',
    to: 'RUNNING',
    by: ['GateResolved', 'RunReopened', 'RunResumed', 'StepCancelled', 'StepCompleted', 'StepSkipped'],
  },
  { from: 'PAUSED', to: 'BLOCKED', by: ['StepBlocked'] },
  {
    from: 'PAUSED',
    to: 'INTERRUPTED',
    by: ['GateResolved', 'RunReopened', 'RunResumed', 'StepCancelled', 'StepCompleted', 'StepSkipped'],
  },
  { from: 'PAUSED', to: 'COMPLETED', by: ['RunCompleted'] },
  { from: 'PAUSED', to: 'FAILED', by: ['RunFailed'] },
  { from: 'PAUSED', to: 'REJECTED', by: ['RunRejected'] },
  { from: 'PAUSED', to: 'CANCELLED', by: ['RunCancelled'] },
  { from: 'BLOCKED', to: 'RUNNING', by: ['StepCancelled', 'StepHeardAgain', 'StepReady', 'StepSkipped'] },
  { from: 'BLOCKED', to: 'PAUSED', by: ['StepCancelled', 'StepHeardAgain', 'StepReady', 'StepSkipped'] },
  { from: 'BLOCKED', to: 'INTERRUPTED', by: ['StepCancelled', 'StepHeardAgain', 'StepReady', 'StepSkipped'] },
  {
    from: 'INTERRUPTED',
    to: 'RUNNING',
    by: [
      'StepCancelled',
      'StepCompleted',
      'StepFailed',
      'StepReady',
      'StepReattached',
      'StepRetryScheduled',
      'StepSkipped',
    ],
  },
  { from: 'INTERRUPTED', to: 'PAUSED', by: ['GateReached', 'RunPaused'] },
  { from: 'INTERRUPTED', to: 'BLOCKED', by: ['StepBlocked'] },
  { from: 'FAILED', to: 'RUNNING', by: ['RunReopened'] },
  { from: 'CANCELLED', to: 'RUNNING', by: ['RunReopened'] },
];

/** Forward only within an attempt: whatever leads back to `PENDING` is a new attempt, or a run that was reopened. */
export const stepTransitions: readonly Transition<StepStateName>[] = [
  { from: 'PENDING', to: 'RUNNING', by: ['AttemptStarted', 'StepReady'] },
  { from: 'PENDING', to: 'WAITING', by: ['GateReached'] },
  { from: 'PENDING', to: 'SKIPPED', by: ['StepSkipped'] },
  { from: 'PENDING', to: 'CANCELLED', by: ['StepCancelled'] },
  { from: 'RUNNING', to: 'PENDING', by: ['StepReady', 'StepRetryScheduled'] },
  { from: 'RUNNING', to: 'WAITING', by: ['GateReached'] },
  { from: 'RUNNING', to: 'BLOCKED', by: ['StepBlocked'] },
  { from: 'RUNNING', to: 'COMPLETED', by: ['StepCompleted'] },
  { from: 'RUNNING', to: 'FAILED', by: ['StepFailed'] },
  { from: 'RUNNING', to: 'SKIPPED', by: ['StepSkipped'] },
  { from: 'RUNNING', to: 'CANCELLED', by: ['StepCancelled'] },
  { from: 'WAITING', to: 'PENDING', by: ['GateResolved'] },
  { from: 'WAITING', to: 'COMPLETED', by: ['StepCompleted'] },
  { from: 'WAITING', to: 'SKIPPED', by: ['StepSkipped'] },
  { from: 'WAITING', to: 'CANCELLED', by: ['StepCancelled'] },
  { from: 'BLOCKED', to: 'PENDING', by: ['StepReady'] },
  { from: 'BLOCKED', to: 'RUNNING', by: ['StepHeardAgain', 'StepReady'] },
  { from: 'BLOCKED', to: 'SKIPPED', by: ['StepSkipped'] },
  { from: 'BLOCKED', to: 'CANCELLED', by: ['StepCancelled'] },
  { from: 'COMPLETED', to: 'PENDING', by: ['RunReopened'] },
  { from: 'FAILED', to: 'PENDING', by: ['RunReopened', 'StepReady'] },
  { from: 'FAILED', to: 'RUNNING', by: ['StepReady'] },
  { from: 'FAILED', to: 'SKIPPED', by: ['StepSkipped'] },
  { from: 'SKIPPED', to: 'PENDING', by: ['RunReopened'] },
  { from: 'CANCELLED', to: 'PENDING', by: ['RunReopened'] },
];

/** What agents ask is no affair of the run's own stream: its step waits, and goes on in the same attempt. */
export const askTransitions: readonly Transition<StepStateName>[] = [
  { from: 'RUNNING', to: 'WAITING', by: ['ApprovalRequested', 'ApprovalJoined'] },
  { from: 'WAITING', to: 'RUNNING', by: ['ApprovalDecided', 'ApprovalWithdrawn'] },
];
