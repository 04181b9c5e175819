import { ApprovalDecided, gateDecision } from '@runledger/contracts';
import type { CommandHandler } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { reactionContext } from '@runledger/messaging';
import type { Reactor } from '@runledger/messaging';
import type { Clock } from '@runledger/platform';
import { ORCHESTRATOR } from './orchestrator-actor.js';
import { run } from './run.decider.js';

const NAME = 'orchestrator.gate-decisions';

/**
 * People have decided at a gate: the run goes on. A refusal needs no answer: the gate was closed in the meantime by the
 * end of its run, and the approval service withdraws its request by itself.
 */
export function gateDecisions(commands: CommandHandler, clock: Clock): Reactor {
  return {
    name: NAME,
    types: [ApprovalDecided.type],
    react: async event => {
      const { requestId, runId, step, by, comment, ...decided } = event.data as ReturnType<
        typeof ApprovalDecided
      >['data'];
      const decision = gateDecision.safeParse(decided.decision);
      // What agents ask is answered where they wait.
      if (decided.kind !== 'gate' || !decision.success) return;
      const at = clock.now();
      await commands.handle(
        run,
        streamOf('run', runId),
        { type: 'ResolveGate', data: { step, gateId: requestId, decision: decision.data, by, comment, at } },
        reactionContext(event, { reactor: NAME, actor: ORCHESTRATOR, now: at }),
      );
    },
  };
}
