import { actorNode, type ActorNode } from '../graph/nodes.js';
import type { FlowView, PublishedVersion } from './flows.projection.js';

export interface FlowNode {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly description: string | null;
  /** For the field resolvers. */
  readonly latest: number;
}

export interface FlowVersionNode {
  readonly __typename: 'FlowVersion';
  readonly id: string;
  readonly version: number;
  readonly hash: string;
  readonly definition: PublishedVersion['definition'];
  readonly source: string;
  readonly sourceFormat: string;
  readonly parameters: PublishedVersion['definition']['parameters'];
  readonly publishedBy: ActorNode;
  readonly publishedAt: string;
  /** For the field resolvers. */
  readonly flowId: string;
}

export function flowNode(view: FlowView): FlowNode {
  const { id, slug, name, description, latestVersion } = view;
  return { id, slug, name, description: description ?? null, latest: latestVersion };
}

export function flowVersionId(flowId: string, version: number): string {
  return `${flowId}@${version}`;
}

export function flowVersionNode(published: PublishedVersion): FlowVersionNode {
  const { flowId, version, hash, definition, source, sourceFormat, publishedBy, publishedAt } = published;
  return {
    __typename: 'FlowVersion',
    id: flowVersionId(flowId, version),
    version,
    hash,
    definition,
    source,
    sourceFormat,
    parameters: definition.parameters,
    publishedBy: actorNode(publishedBy),
    publishedAt,
    flowId,
  };
}
