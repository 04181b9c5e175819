import type { Actor } from '@runledger/event-store';
import type { Problem, Rejection } from '@runledger/kernel';

/** Actors as the API shows them; events and contracts spell absent members as `undefined`. */
type AnyActor = {
  readonly [Key in keyof Actor]: Actor[Key] | undefined;
} & Pick<Actor, 'kind' | 'id'>;

export interface ActorNode {
  readonly kind: 'MEMBER' | 'SERVICE' | 'SYSTEM';
  readonly id: string;
  readonly name: string | null;
  readonly via: string | null;
}

export function actorNode({ kind, id, name, via }: AnyActor): ActorNode {
  const kinds = { member: 'MEMBER', service: 'SERVICE', system: 'SYSTEM' } as const;
  return { kind: kinds[kind], id, name: name ?? null, via: via ?? null };
}

export interface RefusalNode<Typename extends string> {
  readonly __typename: Typename;
  readonly code: string;
  readonly message: string;
  readonly fix: string | null;
  readonly details: readonly Problem[];
}

/** An expected refusal as a member of a mutation's union. */
export function refusalNode<const Typename extends string>(
  __typename: Typename,
  { rejected, message, fix, details }: Rejection,
): RefusalNode<Typename> {
  return { __typename, code: rejected, message: shortened(message), fix: fix ?? null, details: details ?? [] };
}

/** Some reasons name what was asked for, which may be of any length. */
function shortened(message: string): string {
  return message.length <= LONGEST_MESSAGE ? message : `${message.slice(0, LONGEST_MESSAGE).toWellFormed()}…`;
}

const LONGEST_MESSAGE = 1_000;
