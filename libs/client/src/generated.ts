// Made by `npm run docs` from apps/gateway/schema.graphql and libs/client/operations. Do not edit it: edit those.
import { TypedDocumentString } from './typed-document-string.js';
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** Kinds of actors. */
export type ActorKind =
  /** A person or a service account of the workspace. */
  | 'MEMBER'
  /** One of the platform's services. */
  | 'SERVICE'
  /** The platform itself. */
  | 'SYSTEM';

/** Kinds of approval requests. */
export type ApprovalKind =
  /** A gate of the flow, or a checkpoint of the run. */
  | 'GATE'
  /** An agent asks to call a tool that is marked dangerous. */
  | 'PERMISSION'
  /** An agent asks something. */
  | 'QUESTION';

/** States of approval requests. */
export type ApprovalState =
  /** Was decided; final. */
  | 'DECIDED'
  /** Waits for a decision. */
  | 'OPEN'
  /** Became moot before anyone decided. */
  | 'WITHDRAWN';

/** How executing steps are stopped. */
export type CancelMode =
  /** Killed at once. */
  | 'FORCE'
  /** Asked to end, with time to clean up. */
  | 'GRACEFUL';

/** Where runs stop for people. */
export type CheckpointMode =
  /** Before every step. */
  | 'EVERY_STEP'
  /** Nowhere. */
  | 'NONE'
  /** Where the flow says. */
  | 'TEMPLATE';

/** Why a cursor does not count any more, or never did. */
export type CursorExpiry =
  /** The log ends before it: the platform was restored to an earlier state, or the cursor is of another platform. */
  | 'AHEAD_OF_LOG'
  /** The log holds something else at its place: it was restored to an earlier state and has grown since, or is another one. */
  | 'ANOTHER_LOG'
  /** What lies behind it cannot be read any more. */
  | 'BEFORE_OLDEST'
  /** This is no cursor. */
  | 'UNREADABLE';

/** A decision to be taken. */
export type DecisionInput = {
  /** Your words, kept with the decision. */
  readonly comment?: string | null | undefined;
  /** What you decide. */
  readonly decision: GateDecision;
  /** Of `ALLOW_RUN` and `ALLOW_ALWAYS`: when the grant ends by itself. */
  readonly grantExpiresAt?: string | null | undefined;
  /** Of `ALLOW_RUN` and `ALLOW_ALWAYS`: only calls whose main argument fits; `*` stands for any text without a separator. */
  readonly grantPattern?: string | null | undefined;
  /** `apr_…` */
  readonly requestId: string | number;
  /** Hash of what you were shown; refused with `SHOWN_CHANGED` when the request shows something else. */
  readonly shownHash?: string | null | undefined;
};

/** Ways to execute. */
export type ExecutionMode =
  /** It goes on by itself. */
  | 'BACKGROUND'
  /** Somebody watches. */
  | 'INTERACTIVE';

/** Which version of the flow is executed. */
export type FlowVersionChoice =
  /** The latest that is published. */
  | 'LATEST'
  /** The one that the run has pinned. */
  | 'SAME';

/** Decisions: at a gate, on a tool call, and on a question. */
export type GateDecision =
  /** Calls of this tool may go ahead in every run of the workspace. */
  | 'ALLOW_ALWAYS'
  /** This call may go ahead. */
  | 'ALLOW_ONCE'
  /** Calls of this tool may go ahead in this run. */
  | 'ALLOW_RUN'
  /** A question was answered; use `answerQuestion`. */
  | 'ANSWER'
  /** The step runs. */
  | 'APPROVE'
  /** The call may not go ahead: the agent receives an error and goes on. */
  | 'DENY'
  /** The step fails, because nobody decided in time. No person decides this. */
  | 'FAIL'
  /** The run ends as rejected. */
  | 'REJECT'
  /** At the review of a result: another attempt, with the comment as instructions. */
  | 'REQUEST_CHANGES'
  /** The step is left out, the run goes on. */
  | 'SKIP';

/** Places of gates. */
export type GatePlace =
  /** On the step's result. */
  | 'AFTER'
  /** Before the step starts. */
  | 'BEFORE'
  /** The step is the gate. */
  | 'BETWEEN';

/** Kinds of members. */
export type MemberKind =
  /** A human being. */
  | 'PERSON'
  /** A program. */
  | 'SERVICE';

/** How an attempt ended. */
export type Outcome =
  /** Needs something from outside. */
  | 'BLOCKED'
  /** Failed. */
  | 'ERROR'
  /** Ran, but did not hand over everything. */
  | 'PARTIAL'
  /** Did its work. */
  | 'SUCCESS';

/** What was booked. */
export type Plan =
  /** For a company. */
  | 'BUSINESS'
  /** For trying it out. */
  | 'FREE'
  /** For a team. */
  | 'TEAM';

/** From where an ended run is done again. */
export type RerunInput = {
  /** All parameters of the new run; left out: those of the ended one. */
  readonly parameters?: unknown;
  /** `run_…` of the run that has ended; it stays as it is. */
  readonly runId: string | number;
  /** Key of the first step that is done again. */
  readonly step: string;
  /** With the flow as the run pinned it, or as it is published now. */
  readonly version?: FlowVersionChoice;
};

/** Where a retry begins. */
export type RetryFrom =
  /** At the beginning; everything is done again. */
  | 'BEGINNING'
  /** At the step that failed; what is done stays done. */
  | 'FAILED_STEP';

/** Where a retry takes place. */
export type RetryMode =
  /** In a new run. */
  | 'CLONE'
  /** In the same run. */
  | 'IN_PLACE';

/** How a run is tried again. */
export type RetryRunInput = {
  /** From the step that failed, keeping what is done, or from the beginning. */
  readonly from?: RetryFrom;
  /** In the same run, or as a new one that knows of which it is a retry. */
  readonly mode?: RetryMode;
  /** All parameters of the new try; left out: those of the run. */
  readonly parameters?: unknown;
  /** `run_…` */
  readonly runId: string | number;
  /** With the flow as the run pinned it, or as it is published now. */
  readonly version?: FlowVersionChoice;
};

/** What a caller may do with a run. */
export type RunAction =
  /** Cancel it. */
  | 'CANCEL'
  /** Decide at the gate that waits. */
  | 'DECIDE'
  /** Put it away for good. */
  | 'DISCARD'
  /** Move it past one of its steps: see the cards of the steps. */
  | 'FORCE_ADVANCE'
  /** Let no further step start. */
  | 'PAUSE'
  /** Do it again from a step, as a new run. */
  | 'RERUN'
  /** Let it go on. */
  | 'RESUME'
  /** Try it again. */
  | 'RETRY'
  /** Try one of its steps again: see the cards of the steps. */
  | 'RETRY_STEP'
  /** Leave out one of its steps: see the cards of the steps. */
  | 'SKIP_STEP';

/** Which runs. All given conditions must hold. */
export type RunFilter = {
  /** Cost less than so many millionths of the currency's unit. */
  readonly costBelow?: string | null | undefined;
  /** Cost so many millionths of the currency's unit or more, like `2500000` for 2.5 dollars; unpriced charges count as nothing here. */
  readonly costFrom?: string | null | undefined;
  /** Of this flow: id or slug. */
  readonly flow?: string | null | undefined;
  /** In one of the states of this group. */
  readonly group?: RunGroup | null | undefined;
  /** Started before this instant. */
  readonly startedBefore?: string | null | undefined;
  /** Started by this member. */
  readonly startedBy?: string | number | null | undefined;
  /** Started at or after this instant. */
  readonly startedFrom?: string | null | undefined;
  /** In one of these states. */
  readonly status?: ReadonlyArray<RunStatus> | null | undefined;
  /** About the record with this id. */
  readonly subjectId?: string | null | undefined;
  /** About a record of this kind. */
  readonly subjectKind?: string | null | undefined;
  /** Part of the run's id, flow, subject or starter's name, any case. */
  readonly text?: string | null | undefined;
  /** Started in this way. */
  readonly trigger?: TriggerKind | null | undefined;
};

/** States of runs that are looked for together. */
export type RunGroup =
  /** Not ended: pending, running, paused, blocked or interrupted. */
  | 'OPEN'
  /** Rejected or failed. */
  | 'UNSUCCESSFUL';

/** Order of runs. */
export type RunSort = {
  /** By what. */
  readonly by: RunSortKey;
  /** Greatest first, or smallest first. */
  readonly direction?: SortDirection | null | undefined;
};

/** What runs are sorted by. */
export type RunSortKey =
  /** What they cost; unpriced charges count as nothing here. */
  | 'COST'
  /** How long they took; runs that go on count as shortest. */
  | 'DURATION'
  /** When they started. */
  | 'STARTED_AT';

/** States of runs. */
export type RunStatus =
  /** A step needs something from outside. */
  | 'BLOCKED'
  /** Someone cancelled it. */
  | 'CANCELLED'
  /** Every step is completed or skipped. */
  | 'COMPLETED'
  /** A step failed and the flow does not go on. */
  | 'FAILED'
  /** The worker of a step is gone; another one takes the step up. Not a failure. */
  | 'INTERRUPTED'
  /** A gate waits for a decision, or the run was paused. */
  | 'PAUSED'
  /** Accepted, nothing started. */
  | 'PENDING'
  /** Someone said no at a gate. */
  | 'REJECTED'
  /** At least one step is executing or about to. */
  | 'RUNNING';

/** A right of a member or a token. */
export type Scope =
  /** `audit.read`: read the raw log and export it. */
  | 'AUDIT_READ'
  /** `billing.manage`: set prices and budgets. */
  | 'BILLING_MANAGE'
  /** `billing.read`: read prices and bills. */
  | 'BILLING_READ'
  /** `flows.cancel.any`: cancel and discard runs of others. */
  | 'FLOWS_CANCEL_ANY'
  /** `flows.force`: advance a stuck step by force. */
  | 'FLOWS_FORCE'
  /** `flows.manage`: publish flows and sandbox profiles. */
  | 'FLOWS_MANAGE'
  /** `flows.read`: watch runs and read everything about them. */
  | 'FLOWS_READ'
  /** `flows.run`: start runs, steer them, decide at gates; cancel and discard own runs. */
  | 'FLOWS_RUN'
  /** `workspace.admin`: administer members and their tokens. */
  | 'WORKSPACE_ADMIN';

/** Kinds of texts that can be looked for. */
export type SearchKind =
  /** What people were asked, what they decided and answered, and why. */
  | 'DECISION'
  /** What went wrong. */
  | 'ERROR'
  /** What a run was started with, the record that it is about, and instructions that people wrote for a step. */
  | 'INPUT'
  /** Notes of the platform, and what was done to prepare the sandbox. */
  | 'NOTE'
  /** What a step has to show for itself: its summary and its structured output. */
  | 'OUTPUT'
  /** Prose of agents. */
  | 'TEXT'
  /** Reasoning of agents. */
  | 'THINKING'
  /** A tool or a function and what it was called with, or the script of a command step. */
  | 'TOOL_CALL'
  /** What a tool, or the program of a command step, put out: all of it, or its beginning and its end when it is long. */
  | 'TOOL_OUTPUT';

/** Directions. */
export type SortDirection =
  /** Smallest first. */
  | 'ASC'
  /** Greatest first. */
  | 'DESC';

/** What to run, and how. */
export type StartRunInput = {
  /** Left out: the flow's own. */
  readonly checkpointMode?: CheckpointMode | null | undefined;
  /** Left out: the flow's own. */
  readonly execution?: ExecutionMode | null | undefined;
  /** Slug or `flow_…` id. */
  readonly flow: string;
  /** A key of your own making: the same key starts nothing twice. */
  readonly idempotencyKey?: string | null | undefined;
  /** Key of one step to run alone, as if it needed nobody; left out: all of the flow. */
  readonly onlyStep?: string | null | undefined;
  /** Values for the flow's parameters. */
  readonly parameters?: unknown;
  /** Slug of the sandbox profile; left out: the flow's own. */
  readonly profile?: string | null | undefined;
  /** The outside record that the run is about. */
  readonly subject?: SubjectInput | null | undefined;
  /** Left out: the latest version. */
  readonly version?: number | null | undefined;
};

/** What a caller may do with a step. */
export type StepAction =
  /** Move the run past it. */
  | 'FORCE_ADVANCE'
  /** Do it and all that follows again, as a new run. */
  | 'RERUN_FROM'
  /** Try it again, with other instructions if need be. */
  | 'RETRY'
  /** Leave it out. */
  | 'SKIP';

/** What a step runs. */
export type StepKind =
  /** An agent. */
  | 'AGENT'
  /** A program. */
  | 'COMMAND'
  /** A function of the operator's, without a sandbox. */
  | 'FUNCTION'
  /** Nothing: people are asked. */
  | 'GATE';

/** States of steps. */
export type StepState =
  /** It needs something from outside. */
  | 'BLOCKED'
  /** It will not be done, because the run ended. */
  | 'CANCELLED'
  /** It did its work. */
  | 'COMPLETED'
  /** It did not do its work. */
  | 'FAILED'
  /** Its turn has not come, or no worker took it up yet. */
  | 'PENDING'
  /** An attempt executes, or its function is called. */
  | 'RUNNING'
  /** It is left out. */
  | 'SKIPPED'
  /** People are asked to decide. */
  | 'WAITING';

/** The outside record that a run is about. */
export type SubjectInput = {
  /** What is known about it. */
  readonly context?: unknown;
  /** Its id there. */
  readonly id: string;
  /** Kind of record. */
  readonly kind: string;
  /** Its address. */
  readonly url?: string | null | undefined;
};

/** States of tool calls. */
export type ToolState =
  /** Was stopped. */
  | 'CANCELLED'
  /** Ended with an error, which the agent received. */
  | 'ERROR'
  /** Ended well. */
  | 'OK'
  /** Runs. */
  | 'RUNNING';

/** Ways in which runs are started. */
export type TriggerKind =
  /** By an agent; `ref` is the run that it works in. */
  | 'AGENT'
  /** By a program. */
  | 'API'
  /** From a chat. */
  | 'CHAT'
  /** By an event; `ref` is the trigger that waited for it. */
  | 'EVENT'
  /** By a person. */
  | 'MANUAL'
  /** By a pull request. */
  | 'PULL_REQUEST'
  /** From a record. */
  | 'RECORD'
  /** By a schedule. */
  | 'SCHEDULE'
  /** By a webhook. */
  | 'WEBHOOK';

/** Kinds of things that runs wait for. */
export type WaitingKind =
  /** Something outside is put right. */
  | 'BLOCKER'
  /** A budget has room for its next call: someone raises it, or other calls cost less than was set aside for them. */
  | 'BUDGET'
  /** Executing steps stop, because the run is being cancelled. */
  | 'CANCELLATION'
  /** People decide at a gate. */
  | 'DECISION'
  /** Someone resumes the run. */
  | 'OPERATOR'
  /** People allow an agent a tool call, or deny it. */
  | 'PERMISSION'
  /** The platform decides what happens next. */
  | 'PLATFORM'
  /** People answer a question of an agent. */
  | 'QUESTION'
  /** A step is tried again at a set time. */
  | 'RETRY'
  /** A step executes; the agent of a paused run rests after its current tool call. */
  | 'STEP'
  /** A worker takes up a step. */
  | 'WORKER';

export type ViewerQueryVariables = Exact<{ [key: string]: never }>;

export type ViewerQuery = {
  readonly viewer: {
    readonly plan: Plan;
    readonly scopes: ReadonlyArray<Scope>;
    readonly member: {
      readonly id: string;
      readonly name: string;
      readonly kind: MemberKind;
      readonly email: string | null;
    };
    readonly workspace: { readonly id: string; readonly slug: string; readonly name: string; readonly plan: Plan };
  };
};

export type FlowsQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;

export type FlowsQuery = {
  readonly flows: {
    readonly nodes: ReadonlyArray<{
      readonly id: string;
      readonly slug: string;
      readonly name: string;
      readonly latestVersion: { readonly version: number; readonly hash: string; readonly publishedAt: string };
    }>;
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
};

export type FlowQueryVariables = Exact<{
  slug: string;
}>;

export type FlowQuery = {
  readonly flow: {
    readonly id: string;
    readonly slug: string;
    readonly name: string;
    readonly description: string | null;
    readonly latestVersion: {
      readonly version: number;
      readonly hash: string;
      readonly parameters: unknown;
      readonly publishedAt: string;
    };
  } | null;
};

export type RequestFactsFragment = {
  readonly id: string;
  readonly kind: ApprovalKind;
  readonly state: ApprovalState;
  readonly step: string;
  readonly message: string;
  readonly shown: unknown;
  readonly shownHash: string;
  readonly requestedAt: string;
  readonly until: string | null;
  readonly availableDecisions: ReadonlyArray<GateDecision>;
  readonly run: { readonly id: string; readonly number: number; readonly flow: { readonly name: string } };
  readonly decision: {
    readonly decision: GateDecision;
    readonly comment: string | null;
    readonly decidedAt: string;
    readonly by: { readonly name: string | null };
  } | null;
};

export type InboxQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
  atLeast?: string | null | undefined;
}>;

export type InboxQuery = {
  readonly inbox: {
    readonly nodes: ReadonlyArray<RequestFactsFragment>;
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
};

export type DecideMutationVariables = Exact<{
  input: DecisionInput;
}>;

export type DecideMutation = {
  readonly decide:
    | ({ readonly __typename: 'ApprovalRequest' } & RequestFactsFragment)
    | {
        readonly __typename: 'DecisionRefused';
        readonly code: string;
        readonly message: string;
        readonly fix: string | null;
        readonly request: RequestFactsFragment | null;
      };
};

export type AnswerQuestionMutationVariables = Exact<{
  requestId: string | number;
  answer: string;
}>;

export type AnswerQuestionMutation = {
  readonly answerQuestion:
    | ({ readonly __typename: 'ApprovalRequest' } & RequestFactsFragment)
    | {
        readonly __typename: 'DecisionRefused';
        readonly code: string;
        readonly message: string;
        readonly fix: string | null;
      };
};

export type RunFactsFragment = {
  readonly id: string;
  readonly number: number;
  readonly status: RunStatus;
  readonly statusReason: string | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly durationMs: string | null;
  readonly position: string;
  readonly availableActions: ReadonlyArray<RunAction>;
  readonly flow: { readonly id: string; readonly slug: string; readonly name: string };
  readonly startedBy: { readonly kind: ActorKind; readonly id: string; readonly name: string | null };
  readonly subject: { readonly kind: string; readonly id: string; readonly url: string | null } | null;
  readonly stepCounts: {
    readonly total: number;
    readonly pending: number;
    readonly running: number;
    readonly waiting: number;
    readonly completed: number;
    readonly failed: number;
    readonly blocked: number;
    readonly skipped: number;
    readonly cancelled: number;
  };
  readonly waitingOn: ReadonlyArray<{
    readonly kind: WaitingKind;
    readonly what: string;
    readonly step: string | null;
    readonly since: string;
    readonly until: string | null;
    readonly requestId: string | null;
  }>;
};

export type StepFactsFragment = {
  readonly key: string;
  readonly number: number;
  readonly wave: number;
  readonly name: string;
  readonly kind: StepKind;
  readonly state: StepState;
  readonly outcome: Outcome | null;
  readonly summary: string | null;
  readonly output: unknown;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly elapsedMs: string | null;
  readonly turns: number;
  readonly unpriced: boolean;
  readonly provider: string | null;
  readonly model: string | null;
  readonly availableActions: ReadonlyArray<StepAction>;
  readonly error: { readonly code: string; readonly message: string; readonly fix: string | null } | null;
  readonly cost: { readonly microUnits: string; readonly currency: string; readonly formatted: string } | null;
  readonly gate: {
    readonly id: string;
    readonly state: ApprovalState;
    readonly message: string;
    readonly shownHash: string;
    readonly availableDecisions: ReadonlyArray<GateDecision>;
  } | null;
  readonly artifacts: ReadonlyArray<{
    readonly id: string;
    readonly path: string;
    readonly bytes: string;
    readonly mediaType: string;
    readonly url: string;
  }>;
};

export type RunsQueryVariables = Exact<{
  filter?: RunFilter | null | undefined;
  sort?: RunSort | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
  atLeast?: string | null | undefined;
}>;

export type RunsQuery = {
  readonly runs: {
    readonly nodes: ReadonlyArray<RunFactsFragment>;
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
};

export type RunQueryVariables = Exact<{
  id: string | number;
  asOf?: string | null | undefined;
  atLeast?: string | null | undefined;
}>;

export type RunQuery = {
  readonly run:
    | ({
        readonly parameters: unknown;
        readonly timeline: ReadonlyArray<StepFactsFragment>;
        readonly cost: {
          readonly charges: number;
          readonly unpriced: boolean;
          readonly total: { readonly microUnits: string; readonly currency: string; readonly formatted: string } | null;
        };
      } & RunFactsFragment)
    | null;
};

export type RunTranscriptQueryVariables = Exact<{
  id: string | number;
  step?: string | null | undefined;
  after?: string | null | undefined;
  first?: number | null | undefined;
}>;

export type RunTranscriptQuery = {
  readonly run: {
    readonly transcript: {
      readonly nodes: ReadonlyArray<
        | TranscriptFacts_ErrorEntry_Fragment
        | TranscriptFacts_InfoEntry_Fragment
        | TranscriptFacts_SetupEntry_Fragment
        | TranscriptFacts_TextEntry_Fragment
        | TranscriptFacts_ThinkingEntry_Fragment
        | TranscriptFacts_ToolEntry_Fragment
      >;
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
    };
  } | null;
};

type TranscriptFacts_ErrorEntry_Fragment = {
  readonly __typename: 'ErrorEntry';
  readonly id: string;
  readonly seq: string;
  readonly at: string;
  readonly step: string;
  readonly attempt: number;
  readonly agent: string | null;
  readonly error: { readonly code: string; readonly message: string; readonly fix: string | null } | null;
};

type TranscriptFacts_InfoEntry_Fragment = {
  readonly __typename: 'InfoEntry';
  readonly text: string;
  readonly id: string;
  readonly seq: string;
  readonly at: string;
  readonly step: string;
  readonly attempt: number;
  readonly agent: string | null;
};

type TranscriptFacts_SetupEntry_Fragment = {
  readonly __typename: 'SetupEntry';
  readonly text: string;
  readonly id: string;
  readonly seq: string;
  readonly at: string;
  readonly step: string;
  readonly attempt: number;
  readonly agent: string | null;
};

type TranscriptFacts_TextEntry_Fragment = {
  readonly __typename: 'TextEntry';
  readonly text: string;
  readonly id: string;
  readonly seq: string;
  readonly at: string;
  readonly step: string;
  readonly attempt: number;
  readonly agent: string | null;
};

type TranscriptFacts_ThinkingEntry_Fragment = {
  readonly __typename: 'ThinkingEntry';
  readonly text: string;
  readonly id: string;
  readonly seq: string;
  readonly at: string;
  readonly step: string;
  readonly attempt: number;
  readonly agent: string | null;
};

type TranscriptFacts_ToolEntry_Fragment = {
  readonly __typename: 'ToolEntry';
  readonly name: string;
  readonly arguments: unknown;
  readonly state: ToolState;
  readonly detail: unknown;
  readonly streamed: string;
  readonly output: string | null;
  readonly outputBytes: string | null;
  readonly outputUrl: string | null;
  readonly exitCode: number | null;
  readonly durationMs: string | null;
  readonly id: string;
  readonly seq: string;
  readonly at: string;
  readonly step: string;
  readonly attempt: number;
  readonly agent: string | null;
};

export type TranscriptFactsFragment =
  | TranscriptFacts_ErrorEntry_Fragment
  | TranscriptFacts_InfoEntry_Fragment
  | TranscriptFacts_SetupEntry_Fragment
  | TranscriptFacts_TextEntry_Fragment
  | TranscriptFacts_ThinkingEntry_Fragment
  | TranscriptFacts_ToolEntry_Fragment;

export type SearchQueryVariables = Exact<{
  query: string;
  kinds?: ReadonlyArray<SearchKind> | SearchKind | null | undefined;
  flow?: string | null | undefined;
  runId?: string | number | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;

export type SearchQuery = {
  readonly search: {
    readonly nodes: ReadonlyArray<{
      readonly kind: SearchKind;
      readonly at: string;
      readonly step: string | null;
      readonly attempt: number | null;
      readonly agent: string | null;
      readonly entryId: string | null;
      readonly transcriptAfter: string | null;
      readonly requestId: string | null;
      readonly snippet: string;
      readonly matches: ReadonlyArray<{ readonly start: number; readonly end: number }>;
      readonly run: { readonly id: string; readonly number: number; readonly flow: { readonly name: string } };
    }>;
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
};

type Started_Run_Fragment = { readonly __typename: 'Run' } & RunFactsFragment;

type Started_RunDeclined_Fragment = {
  readonly __typename: 'RunDeclined';
  readonly code: string;
  readonly message: string;
  readonly fix: string | null;
  readonly details: ReadonlyArray<{ readonly path: string; readonly message: string; readonly fix: string | null }>;
};

export type StartedFragment = Started_Run_Fragment | Started_RunDeclined_Fragment;

export type StartRunMutationVariables = Exact<{
  input: StartRunInput;
}>;

export type StartRunMutation = { readonly startRun: Started_Run_Fragment | Started_RunDeclined_Fragment };

export type RerunFromStepMutationVariables = Exact<{
  input: RerunInput;
}>;

export type RerunFromStepMutation = { readonly rerunFromStep: Started_Run_Fragment | Started_RunDeclined_Fragment };

export type PreflightQueryVariables = Exact<{
  input: StartRunInput;
}>;

export type PreflightQuery = {
  readonly preflight: {
    readonly ready: boolean;
    readonly waves: number;
    readonly steps: ReadonlyArray<{
      readonly key: string;
      readonly name: string;
      readonly kind: StepKind;
      readonly wave: number;
      readonly provider: string | null;
      readonly model: string | null;
    }>;
    readonly gates: ReadonlyArray<{ readonly step: string; readonly position: GatePlace; readonly message: string }>;
    readonly estimate: {
      readonly unpriced: boolean;
      readonly runs: number;
      readonly total: { readonly microUnits: string; readonly currency: string; readonly formatted: string } | null;
    };
    readonly problems: ReadonlyArray<{ readonly code: string; readonly message: string; readonly fix: string | null }>;
    readonly warnings: ReadonlyArray<{ readonly message: string; readonly fix: string }>;
  };
};

type Steered_Run_Fragment = { readonly __typename: 'Run' } & RunFactsFragment;

type Steered_RunRefused_Fragment = {
  readonly __typename: 'RunRefused';
  readonly code: string;
  readonly message: string;
  readonly fix: string | null;
};

export type SteeredFragment = Steered_Run_Fragment | Steered_RunRefused_Fragment;

export type PauseRunMutationVariables = Exact<{
  runId: string | number;
}>;

export type PauseRunMutation = { readonly pauseRun: Steered_Run_Fragment | Steered_RunRefused_Fragment };

export type ResumeRunMutationVariables = Exact<{
  runId: string | number;
}>;

export type ResumeRunMutation = { readonly resumeRun: Steered_Run_Fragment | Steered_RunRefused_Fragment };

export type CancelRunMutationVariables = Exact<{
  runId: string | number;
  mode?: CancelMode | null | undefined;
}>;

export type CancelRunMutation = { readonly cancelRun: Steered_Run_Fragment | Steered_RunRefused_Fragment };

export type RetryStepMutationVariables = Exact<{
  runId: string | number;
  step: string;
  instructions?: string | null | undefined;
}>;

export type RetryStepMutation = { readonly retryStep: Steered_Run_Fragment | Steered_RunRefused_Fragment };

export type SkipStepMutationVariables = Exact<{
  runId: string | number;
  step: string;
  comment?: string | null | undefined;
}>;

export type SkipStepMutation = { readonly skipStep: Steered_Run_Fragment | Steered_RunRefused_Fragment };

export type ForceAdvanceMutationVariables = Exact<{
  runId: string | number;
  step: string;
  comment?: string | null | undefined;
}>;

export type ForceAdvanceMutation = { readonly forceAdvance: Steered_Run_Fragment | Steered_RunRefused_Fragment };

export type DiscardRunMutationVariables = Exact<{
  runId: string | number;
}>;

export type DiscardRunMutation = { readonly discardRun: Steered_Run_Fragment | Steered_RunRefused_Fragment };

export type RetryRunMutationVariables = Exact<{
  input: RetryRunInput;
}>;

export type RetryRunMutation = { readonly retryRun: Steered_Run_Fragment | Steered_RunRefused_Fragment };

export type ExpiredFactsFragment = { readonly oldest: string; readonly reason: CursorExpiry; readonly message: string };

export type LaggedFactsFragment = { readonly resumeFrom: string };

export type RunEventsSubscriptionVariables = Exact<{
  runId: string | number;
  after?: string | null | undefined;
}>;

export type RunEventsSubscription = {
  readonly runEvents:
    | ({ readonly __typename: 'CursorExpired' } & ExpiredFactsFragment)
    | ({ readonly __typename: 'Lagged' } & LaggedFactsFragment)
    | {
        readonly __typename: 'RunEvent';
        readonly cursor: string;
        readonly event: {
          readonly id: string;
          readonly type: string;
          readonly occurredAt: string;
          readonly position: string;
          readonly data: unknown;
          readonly actor: { readonly kind: ActorKind; readonly id: string; readonly name: string | null };
        };
      };
};

export type RunChangedSubscriptionVariables = Exact<{
  runId: string | number;
  after?: string | null | undefined;
}>;

export type RunChangedSubscription = {
  readonly runChanged:
    | { readonly __typename: 'ChangesBegin' }
    | ({ readonly __typename: 'CursorExpired' } & ExpiredFactsFragment)
    | ({ readonly __typename: 'Lagged' } & LaggedFactsFragment)
    | {
        readonly __typename: 'RunChange';
        readonly cursor: string;
        readonly fits: boolean;
        readonly run: RunFactsFragment;
      };
};

export type RunsChangedSubscriptionVariables = Exact<{
  filter?: RunFilter | null | undefined;
  after?: string | null | undefined;
}>;

export type RunsChangedSubscription = {
  readonly runsChanged:
    | { readonly __typename: 'ChangesBegin'; readonly cursor: string }
    | ({ readonly __typename: 'CursorExpired' } & ExpiredFactsFragment)
    | ({ readonly __typename: 'Lagged' } & LaggedFactsFragment)
    | {
        readonly __typename: 'RunChange';
        readonly cursor: string;
        readonly fits: boolean;
        readonly run: RunFactsFragment;
      };
};

export type TranscriptSubscriptionVariables = Exact<{
  runId: string | number;
  step?: string | null | undefined;
  after?: string | null | undefined;
}>;

export type TranscriptSubscription = {
  readonly transcript:
    | ({ readonly __typename: 'CursorExpired' } & ExpiredFactsFragment)
    | ({ readonly __typename: 'Lagged' } & LaggedFactsFragment)
    | {
        readonly __typename: 'TranscriptSegment';
        readonly cursor: string;
        readonly caughtUp: boolean;
        readonly entries: ReadonlyArray<
          | TranscriptFacts_ErrorEntry_Fragment
          | TranscriptFacts_InfoEntry_Fragment
          | TranscriptFacts_SetupEntry_Fragment
          | TranscriptFacts_TextEntry_Fragment
          | TranscriptFacts_ThinkingEntry_Fragment
          | TranscriptFacts_ToolEntry_Fragment
        >;
      };
};

export type InboxChangedSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;

export type InboxChangedSubscription = {
  readonly inboxChanged:
    | ({ readonly __typename: 'CursorExpired' } & ExpiredFactsFragment)
    | { readonly __typename: 'InboxChange'; readonly cursor: string; readonly request: RequestFactsFragment }
    | {
        readonly __typename: 'InboxSnapshot';
        readonly cursor: string;
        readonly hasMore: boolean;
        readonly requests: ReadonlyArray<RequestFactsFragment>;
      }
    | ({ readonly __typename: 'Lagged' } & LaggedFactsFragment);
};

const RequestFacts = `fragment RequestFacts on ApprovalRequest {
  id
  kind
  state
  step
  message
  shown
  shownHash
  requestedAt
  until
  availableDecisions
  run {
    id
    number
    flow {
      name
    }
  }
  decision {
    decision
    comment
    decidedAt
    by {
      name
    }
  }
}`;
const RunFacts = `fragment RunFacts on Run {
  id
  number
  status
  statusReason
  startedAt
  endedAt
  durationMs
  position
  availableActions
  flow {
    id
    slug
    name
  }
  startedBy {
    kind
    id
    name
  }
  subject {
    kind
    id
    url
  }
  stepCounts {
    total
    pending
    running
    waiting
    completed
    failed
    blocked
    skipped
    cancelled
  }
  waitingOn {
    kind
    what
    step
    since
    until
    requestId
  }
}`;
const StepFacts = `fragment StepFacts on StepCard {
  key
  number
  wave
  name
  kind
  state
  outcome
  summary
  output
  startedAt
  endedAt
  elapsedMs
  turns
  unpriced
  provider
  model
  availableActions
  error {
    code
    message
    fix
  }
  cost {
    microUnits
    currency
    formatted
  }
  gate {
    id
    state
    message
    shownHash
    availableDecisions
  }
  artifacts {
    id
    path
    bytes
    mediaType
    url
  }
}`;
const TranscriptFacts = `fragment TranscriptFacts on TranscriptEntry {
  __typename
  id
  seq
  at
  step
  attempt
  agent
  ... on TextEntry {
    text
  }
  ... on ThinkingEntry {
    text
  }
  ... on SetupEntry {
    text
  }
  ... on InfoEntry {
    text
  }
  ... on ErrorEntry {
    error {
      code
      message
      fix
    }
  }
  ... on ToolEntry {
    name
    arguments
    state
    detail
    streamed
    output
    outputBytes
    outputUrl
    exitCode
    durationMs
  }
}`;
const Started = `fragment Started on StartRunResult {
  __typename
  ... on Run {
    ...RunFacts
  }
  ... on RunDeclined {
    code
    message
    fix
    details {
      path
      message
      fix
    }
  }
}`;
const Steered = `fragment Steered on RunResult {
  __typename
  ... on Run {
    ...RunFacts
  }
  ... on Refusal {
    code
    message
    fix
  }
}`;
const ExpiredFacts = `fragment ExpiredFacts on CursorExpired {
  oldest
  reason
  message
}`;
const LaggedFacts = `fragment LaggedFacts on Lagged {
  resumeFrom
}`;
export const ViewerDocument = /*#__PURE__*/ new TypedDocumentString<ViewerQuery, ViewerQueryVariables>(`query Viewer {
  viewer {
    plan
    member {
      id
      name
      kind
      email
    }
    workspace {
      id
      slug
      name
      plan
    }
    scopes
  }
}`);
export const FlowsDocument = /*#__PURE__*/ new TypedDocumentString<
  FlowsQuery,
  FlowsQueryVariables
>(`query Flows($first: Int, $after: String) {
  flows(first: $first, after: $after) {
    nodes {
      id
      slug
      name
      latestVersion {
        version
        hash
        publishedAt
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}`);
export const FlowDocument = /*#__PURE__*/ new TypedDocumentString<
  FlowQuery,
  FlowQueryVariables
>(`query Flow($slug: String!) {
  flow(slug: $slug) {
    id
    slug
    name
    description
    latestVersion {
      version
      hash
      parameters
      publishedAt
    }
  }
}`);
export const InboxDocument = /*#__PURE__*/ new TypedDocumentString<InboxQuery, InboxQueryVariables>(
  `query Inbox($first: Int, $after: String, $atLeast: Position) {
  inbox(first: $first, after: $after, atLeast: $atLeast) {
    nodes {
      ...RequestFacts
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}`,
  [RequestFacts],
);
export const DecideDocument = /*#__PURE__*/ new TypedDocumentString<DecideMutation, DecideMutationVariables>(
  `mutation Decide($input: DecisionInput!) {
  decide(input: $input) {
    __typename
    ... on ApprovalRequest {
      ...RequestFacts
    }
    ... on DecisionRefused {
      code
      message
      fix
      request {
        ...RequestFacts
      }
    }
  }
}`,
  [RequestFacts],
);
export const AnswerQuestionDocument = /*#__PURE__*/ new TypedDocumentString<
  AnswerQuestionMutation,
  AnswerQuestionMutationVariables
>(
  `mutation AnswerQuestion($requestId: ID!, $answer: String!) {
  answerQuestion(requestId: $requestId, answer: $answer) {
    __typename
    ... on ApprovalRequest {
      ...RequestFacts
    }
    ... on DecisionRefused {
      code
      message
      fix
    }
  }
}`,
  [RequestFacts],
);
export const RunsDocument = /*#__PURE__*/ new TypedDocumentString<RunsQuery, RunsQueryVariables>(
  `query Runs($filter: RunFilter, $sort: RunSort, $first: Int, $after: String, $atLeast: Position) {
  runs(
    filter: $filter
    sort: $sort
    first: $first
    after: $after
    atLeast: $atLeast
  ) {
    nodes {
      ...RunFacts
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}`,
  [RunFacts],
);
export const RunDocument = /*#__PURE__*/ new TypedDocumentString<RunQuery, RunQueryVariables>(
  `query Run($id: ID!, $asOf: Position, $atLeast: Position) {
  run(id: $id, asOf: $asOf, atLeast: $atLeast) {
    ...RunFacts
    parameters
    timeline {
      ...StepFacts
    }
    cost {
      charges
      unpriced
      total {
        microUnits
        currency
        formatted
      }
    }
  }
}`,
  [RunFacts, StepFacts],
);
export const RunTranscriptDocument = /*#__PURE__*/ new TypedDocumentString<
  RunTranscriptQuery,
  RunTranscriptQueryVariables
>(
  `query RunTranscript($id: ID!, $step: String, $after: String, $first: Int) {
  run(id: $id) {
    transcript(step: $step, after: $after, first: $first) {
      nodes {
        ...TranscriptFacts
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}`,
  [TranscriptFacts],
);
export const SearchDocument = /*#__PURE__*/ new TypedDocumentString<
  SearchQuery,
  SearchQueryVariables
>(`query Search($query: String!, $kinds: [SearchKind!], $flow: String, $runId: ID, $first: Int, $after: String) {
  search(
    query: $query
    kinds: $kinds
    flow: $flow
    runId: $runId
    first: $first
    after: $after
  ) {
    nodes {
      kind
      at
      step
      attempt
      agent
      entryId
      transcriptAfter
      requestId
      snippet
      matches {
        start
        end
      }
      run {
        id
        number
        flow {
          name
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}`);
export const StartRunDocument = /*#__PURE__*/ new TypedDocumentString<StartRunMutation, StartRunMutationVariables>(
  `mutation StartRun($input: StartRunInput!) {
  startRun(input: $input) {
    ...Started
  }
}`,
  [Started, RunFacts],
);
export const RerunFromStepDocument = /*#__PURE__*/ new TypedDocumentString<
  RerunFromStepMutation,
  RerunFromStepMutationVariables
>(
  `mutation RerunFromStep($input: RerunInput!) {
  rerunFromStep(input: $input) {
    ...Started
  }
}`,
  [Started, RunFacts],
);
export const PreflightDocument = /*#__PURE__*/ new TypedDocumentString<
  PreflightQuery,
  PreflightQueryVariables
>(`query Preflight($input: StartRunInput!) {
  preflight(input: $input) {
    ready
    waves
    steps {
      key
      name
      kind
      wave
      provider
      model
    }
    gates {
      step
      position
      message
    }
    estimate {
      total {
        microUnits
        currency
        formatted
      }
      unpriced
      runs
    }
    problems {
      code
      message
      fix
    }
    warnings {
      message
      fix
    }
  }
}`);
export const PauseRunDocument = /*#__PURE__*/ new TypedDocumentString<PauseRunMutation, PauseRunMutationVariables>(
  `mutation PauseRun($runId: ID!) {
  pauseRun(runId: $runId) {
    ...Steered
  }
}`,
  [Steered, RunFacts],
);
export const ResumeRunDocument = /*#__PURE__*/ new TypedDocumentString<ResumeRunMutation, ResumeRunMutationVariables>(
  `mutation ResumeRun($runId: ID!) {
  resumeRun(runId: $runId) {
    ...Steered
  }
}`,
  [Steered, RunFacts],
);
export const CancelRunDocument = /*#__PURE__*/ new TypedDocumentString<CancelRunMutation, CancelRunMutationVariables>(
  `mutation CancelRun($runId: ID!, $mode: CancelMode) {
  cancelRun(runId: $runId, mode: $mode) {
    ...Steered
  }
}`,
  [Steered, RunFacts],
);
export const RetryStepDocument = /*#__PURE__*/ new TypedDocumentString<RetryStepMutation, RetryStepMutationVariables>(
  `mutation RetryStep($runId: ID!, $step: String!, $instructions: String) {
  retryStep(runId: $runId, step: $step, instructions: $instructions) {
    ...Steered
  }
}`,
  [Steered, RunFacts],
);
export const SkipStepDocument = /*#__PURE__*/ new TypedDocumentString<SkipStepMutation, SkipStepMutationVariables>(
  `mutation SkipStep($runId: ID!, $step: String!, $comment: String) {
  skipStep(runId: $runId, step: $step, comment: $comment) {
    ...Steered
  }
}`,
  [Steered, RunFacts],
);
export const ForceAdvanceDocument = /*#__PURE__*/ new TypedDocumentString<
  ForceAdvanceMutation,
  ForceAdvanceMutationVariables
>(
  `mutation ForceAdvance($runId: ID!, $step: String!, $comment: String) {
  forceAdvance(runId: $runId, step: $step, comment: $comment) {
    ...Steered
  }
}`,
  [Steered, RunFacts],
);
export const DiscardRunDocument = /*#__PURE__*/ new TypedDocumentString<
  DiscardRunMutation,
  DiscardRunMutationVariables
>(
  `mutation DiscardRun($runId: ID!) {
  discardRun(runId: $runId) {
    ...Steered
  }
}`,
  [Steered, RunFacts],
);
export const RetryRunDocument = /*#__PURE__*/ new TypedDocumentString<RetryRunMutation, RetryRunMutationVariables>(
  `mutation RetryRun($input: RetryRunInput!) {
  retryRun(input: $input) {
    ...Steered
  }
}`,
  [Steered, RunFacts],
);
export const RunEventsDocument = /*#__PURE__*/ new TypedDocumentString<
  RunEventsSubscription,
  RunEventsSubscriptionVariables
>(
  `subscription RunEvents($runId: ID!, $after: Position) {
  runEvents(runId: $runId, after: $after) {
    __typename
    ... on RunEvent {
      cursor
      event {
        id
        type
        occurredAt
        position
        data
        actor {
          kind
          id
          name
        }
      }
    }
    ...ExpiredFacts
    ...LaggedFacts
  }
}`,
  [ExpiredFacts, LaggedFacts],
);
export const RunChangedDocument = /*#__PURE__*/ new TypedDocumentString<
  RunChangedSubscription,
  RunChangedSubscriptionVariables
>(
  `subscription RunChanged($runId: ID!, $after: Position) {
  runChanged(runId: $runId, after: $after) {
    __typename
    ... on RunChange {
      cursor
      fits
      run {
        ...RunFacts
      }
    }
    ...ExpiredFacts
    ...LaggedFacts
  }
}`,
  [RunFacts, ExpiredFacts, LaggedFacts],
);
export const RunsChangedDocument = /*#__PURE__*/ new TypedDocumentString<
  RunsChangedSubscription,
  RunsChangedSubscriptionVariables
>(
  `subscription RunsChanged($filter: RunFilter, $after: Position) {
  runsChanged(filter: $filter, after: $after) {
    __typename
    ... on RunChange {
      cursor
      fits
      run {
        ...RunFacts
      }
    }
    ... on ChangesBegin {
      cursor
    }
    ...ExpiredFacts
    ...LaggedFacts
  }
}`,
  [RunFacts, ExpiredFacts, LaggedFacts],
);
export const TranscriptDocument = /*#__PURE__*/ new TypedDocumentString<
  TranscriptSubscription,
  TranscriptSubscriptionVariables
>(
  `subscription Transcript($runId: ID!, $step: String, $after: Position) {
  transcript(runId: $runId, step: $step, after: $after) {
    __typename
    ... on TranscriptSegment {
      cursor
      caughtUp
      entries {
        ...TranscriptFacts
      }
    }
    ...ExpiredFacts
    ...LaggedFacts
  }
}`,
  [TranscriptFacts, ExpiredFacts, LaggedFacts],
);
export const InboxChangedDocument = /*#__PURE__*/ new TypedDocumentString<
  InboxChangedSubscription,
  InboxChangedSubscriptionVariables
>(
  `subscription InboxChanged($after: Position) {
  inboxChanged(after: $after) {
    __typename
    ... on InboxSnapshot {
      cursor
      hasMore
      requests {
        ...RequestFacts
      }
    }
    ... on InboxChange {
      cursor
      request {
        ...RequestFacts
      }
    }
    ...ExpiredFacts
    ...LaggedFacts
  }
}`,
  [RequestFacts, ExpiredFacts, LaggedFacts],
);
