import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { profileDefinition, PublishFlow, PublishSandboxProfile, StartRun } from '@runledger/contracts';
import type { Position, CommandContext } from '@runledger/event-store';
import { derivedId } from '@runledger/event-store';
import { Fault } from '@runledger/kernel';
import type { CommandClient, CommandOutcome } from '@runledger/platform';
import { ensureSampleRepository } from './sample-repository.js';

/** The sample that newcomers meet, as files: see its README. */
const FOLDER = join(import.meta.dirname, '..', '..', '..', '..', 'examples', 'full-sdlc');

export const SAMPLE_FLOW = 'full-sdlc';

/** A command of the sample's own installation was refused: the sample and the platform do not fit together. */
export class SampleRefusedError extends Fault {
  constructor(what: string, refusal: { readonly rejected: string; readonly message: string }) {
    super('SAMPLE_REFUSED', `${what} of the sample was refused (${refusal.rejected}): ${refusal.message}`);
  }
}

/** Where the sample keeps its bare repository: below the data directory, in the folder that profiles may mount from. */
export function remotesFolder(home: string): string {
  return join(home, 'remotes');
}

/** Makes the repository and publishes profile and flow. Doing it again changes nothing. */
export async function installSample(home: string, commands: CommandClient, context: CommandContext): Promise<void> {
  await ensureSampleRepository(join(FOLDER, 'repository'), join(remotesFolder(home), `${SAMPLE_FLOW}.git`));
  const profile = await commands.send(
    PublishSandboxProfile,
    { definition: await readProfile(home) },
    within(context, 'profile'),
  );
  accepted('The profile', profile);
  const source = await readFile(join(FOLDER, 'flow.yaml'), 'utf8');
  accepted('The flow', await commands.send(PublishFlow, { source, format: 'yaml' }, within(context, 'flow')));
}

/** Starts the run that a first boot shows. The key makes it one run, however often the boot is repeated. */
export async function startSampleRun(
  commands: CommandClient,
  context: CommandContext,
): Promise<{ readonly runId: string; readonly position: Position | undefined }> {
  const input = {
    flow: SAMPLE_FLOW,
    parameters: {},
    choices: {},
    trigger: { kind: 'manual' as const },
    idempotencyKey: 'first-boot',
  };
  const outcome = await commands.send(StartRun, input, within(context, 'run'));
  return {
    runId: accepted('The first run', outcome).runId,
    position: outcome.status === 'accepted' ? outcome.position : undefined,
  };
}

/** A mount's source in the file is relative to the data directory, which differs from machine to machine. */
async function readProfile(home: string) {
  const profile = profileDefinition.parse(JSON.parse(await readFile(join(FOLDER, 'profile.json'), 'utf8')));
  const mounts = profile.mounts.map(mount => ({
    ...mount,
    source: isAbsolute(mount.source) ? mount.source : join(home, mount.source),
  }));
  return { ...profile, mounts };
}

function within(context: CommandContext, part: string): CommandContext {
  return { ...context, commandId: derivedId(context.commandId, `sample/${part}`, 0) };
}

function accepted<Output>(what: string, outcome: CommandOutcome<Output, string>): Output {
  if (outcome.status === 'refused') throw new SampleRefusedError(what, outcome.refusal);
  return outcome.output;
}
