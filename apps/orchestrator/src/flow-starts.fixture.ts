import { PublishFlow, StartRun, type InputOf } from '@runledger/contracts';
import { adaAsks, type OrchestratorProcess } from './orchestrator.fixture.js';

export const RELEASE = `slug: release
parameters: { version: string, dryRun: { type: boolean, default: false } }
defaults: { profile: plain }
steps:
  - key: build
    run: make "$PARAM_VERSION"
  - key: notes
    needs: [build]
    agent: { provider: anthropic, model: m, prompt: 'Notes for {{ parameters.version }}: {{ steps.build.summary }} {{ steps.build.output.size }}' }
  - key: ship
    needs: [notes]
    run: ship "$STEP_BUILD_SUMMARY"
    gate: Ship it?
`;
export const CHAIN =
  'slug: chain\ndefaults: { profile: plain }\nsteps: [{ key: a, run: x }, { key: b, run: x, needs: [a] }]';

export type Request = InputOf<typeof StartRun>;
/** Asks for a run of the chain, unless it is said otherwise. */
export const request = (more: Partial<Request> = {}): Request => ({
  flow: 'chain',
  parameters: {},
  choices: {},
  trigger: { kind: 'manual' },
  ...more,
});

export const publish = ({ commands }: OrchestratorProcess, source: string) =>
  commands.send(PublishFlow, { source }, adaAsks());

export const start = ({ commands }: OrchestratorProcess, more: Partial<Request> = {}, context = adaAsks()) =>
  commands.send(StartRun, request(more), context);

export async function begun(process: OrchestratorProcess, more: Partial<Request> = {}): Promise<string> {
  const outcome = await start(process, more);
  if (outcome.status === 'refused') throw new Error(outcome.refusal.message);
  return outcome.output.runId;
}
