import { methods } from '@agentclientprotocol/sdk';
import type {
  InitializeResponse,
  NewSessionResponse,
  SessionConfigOption,
  SessionConfigSelectOption,
} from '@agentclientprotocol/sdk';
import { AgentSessionOpened } from '@runledger/contracts';
import type { AgentWork } from '@runledger/contracts';
import { prefixOf } from '../agent/agent-run.js';
import type { Conversation, Parties } from './conversation.js';
import { isAsking, leavesModelTo, PROGRAMS } from './program-access.js';
import { cannotAsk, faultOf, isAnswered, noSuchModel, sessionLost, wantsSignIn } from './program-faults.js';
import { ProgramPast } from './program-past.js';
import type { ServedTools } from './served-tools.js';

export interface OpenSession {
  readonly sessionId: string;
  /** Prompts of it that the program knows of; undefined: it does not tell. */
  readonly prompts: number | undefined;
}

export interface Opening extends Parties {
  readonly conversation: Conversation;
  readonly work: AgentWork;
  /** Where its requests get the key that it does not have. */
  readonly relayUrl: string | undefined;
  readonly served: Pick<ServedTools, 'toldTo'>;
}

type Settings = Pick<NewSessionResponse, 'modes' | 'configOptions'>;

/** The conversation of the attempt: the one that an earlier owner began, else a new one. Throws `ProgramFault`. */
export async function openSession(opening: Opening): Promise<OpenSession> {
  const greeting = await understood(opening, () => opening.conversation.initialize());
  await useRelay(opening, greeting);
  const { sessionId } = opening.run.history;
  const known = sessionId === undefined ? undefined : await restored(opening, greeting, sessionId);
  return known ?? begun(opening, greeting);
}

async function useRelay(opening: Opening, { authMethods = [] }: InitializeResponse): Promise<void> {
  const { relayUrl, conversation } = opening;
  if (relayUrl === undefined || !authMethods.some(({ id }) => id === 'gateway')) return;
  const _meta = { gateway: { baseUrl: relayUrl, headers: {} } };
  await understood(opening, () =>
    conversation.ask('who it is', agent => agent.request(methods.agent.authenticate, { methodId: 'gateway', _meta })),
  );
}

async function begun(opening: Opening, greeting: InitializeResponse): Promise<OpenSession> {
  const { run, conversation, title } = opening;
  const request = { cwd: run.sandbox.workspacePath, mcpServers: opening.served.toldTo(greeting) };
  const open = (): Promise<NewSessionResponse> =>
    conversation.ask('a new session', agent => agent.request(methods.agent.session.new, request));
  const answer = await understood(opening, () =>
    open().catch((error: unknown) => signedIn(opening, greeting, error, open)),
  );
  const { sessionId } = answer;
  const { transcript } = run;
  const { agentInfo } = greeting;
  const program = agentInfo ? `${agentInfo.title ?? agentInfo.name} ${agentInfo.version}` : title;
  transcript.add(AgentSessionOpened({ ...transcript.place, sessionId, program, at: transcript.now() }));
  await transcript.flush();
  await setUp(opening, sessionId, answer);
  return { sessionId, prompts: 0 };
}

/** Some programs want to be told to use the credential that they have been given. */
async function signedIn<Answer>(
  { work, conversation }: Opening,
  { authMethods = [] }: InitializeResponse,
  error: unknown,
  again: () => Promise<Answer>,
): Promise<Answer> {
  const methodId = PROGRAMS[work.provider as keyof typeof PROGRAMS].signIn;
  if (!wantsSignIn(error) || methodId === undefined || !authMethods.some(({ id }) => id === methodId)) throw error;
  await conversation.ask('who it is', agent => agent.request(methods.agent.authenticate, { methodId }));
  return again();
}

/** Undefined: the program knows of nothing that was done in it, and a new one will do. */
async function restored(
  opening: Opening,
  greeting: InitializeResponse,
  sessionId: string,
): Promise<OpenSession | undefined> {
  const { run, conversation, calls, title } = opening;
  const { agentCapabilities = {} } = greeting;
  const request = { sessionId, cwd: run.sandbox.workspacePath, mcpServers: opening.served.toldTo(greeting) };
  const past = new ProgramPast(run, calls);
  const { loadSession, sessionCapabilities } = agentCapabilities;
  const { load, resume } = methods.agent.session;
  if (!loadSession && !sessionCapabilities?.resume) throw sessionLost(title, 'it cannot take up conversations');
  try {
    const settings: Settings | undefined = loadSession
      ? await conversation.ask('for its session', agent => agent.request(load, request), past)
      : await conversation.ask('for its session', agent => agent.request(resume, request));
    await past.catchUp();
    calls.closeInterrupted();
    await run.transcript.flush();
    await setUp(opening, sessionId, settings ?? {});
    return { sessionId, prompts: past.isEmpty ? undefined : past.prompts };
  } catch (error) {
    if (!isAnswered(error)) throw error;
    if (wantsSignIn(error)) throw faultOf(title, opening.needs, error);
    return lostUnlessUnused(opening, error.message);
  }
}

function lostUnlessUnused({ run, title, calls }: Opening, why: string): undefined {
  const { saidChars, turns } = run.history;
  if (saidChars.size > 0 || turns.length > 0 || calls.begun > 0) throw sessionLost(title, why);
  return undefined;
}

async function setUp(opening: Opening, sessionId: string, settings: Settings): Promise<void> {
  await setMode(opening, sessionId, settings);
  await setModel(opening, sessionId, settings);
}

/** Where people are to be asked, a program that would not ask must not work. */
async function setMode(opening: Opening, sessionId: string, { modes }: Settings): Promise<void> {
  const { run, work, conversation, title } = opening;
  const known = PROGRAMS[work.provider as keyof typeof PROGRAMS].modes;
  const asking = isAsking(run);
  const modeId = asking ? known?.asking : known?.allowing;
  if (modeId === undefined || modes?.currentModeId === modeId) return;
  const offered = modes?.availableModes.some(({ id }) => id === modeId);
  if (!offered && asking) throw cannotAsk(title, modeId);
  if (!offered) return;
  const request = { sessionId, modeId };
  await understood(opening, () =>
    conversation.ask('for its mode', agent => agent.request(methods.agent.session.setMode, request)),
  );
}

async function setModel(opening: Opening, sessionId: string, { configOptions }: Settings): Promise<void> {
  const { work, conversation, title, run } = opening;
  if (leavesModelTo(work)) return;
  const choice = configOptions?.find(isModelChoice);
  if (!choice) {
    const text = `${title} does not let others choose its model: ${work.model} is not set.`;
    return run.transcript.note('InfoRecorded', `${prefixOf(run.transcript.place)}model.e${run.history.epoch}`, text);
  }
  const offered = choice.options.flatMap((option): SessionConfigSelectOption[] =>
    'options' in option ? option.options : [option],
  );
  const found = offered.find(({ value, name }) => value === work.model || name === work.model);
  if (!found)
    throw noSuchModel(
      title,
      work.model,
      offered.map(({ value }) => value),
    );
  if (choice.currentValue === found.value) return;
  const request = { sessionId, configId: choice.id, value: found.value };
  await understood(opening, () =>
    conversation.ask('for its model', agent => agent.request(methods.agent.session.setConfigOption, request)),
  );
}

type ModelChoice = Extract<SessionConfigOption, { type: 'select' }>;

function isModelChoice(option: SessionConfigOption): option is ModelChoice {
  return option.type === 'select' && option.category === 'model';
}

async function understood<Answer>({ title, needs }: Parties, asking: () => Promise<Answer>): Promise<Answer> {
  try {
    return await asking();
  } catch (error) {
    throw isAnswered(error) ? faultOf(title, needs, error) : error;
  }
}
