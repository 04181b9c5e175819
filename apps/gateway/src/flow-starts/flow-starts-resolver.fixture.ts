import { Inject } from '@nestjs/common';
import { Query, Resolver } from '@nestjs/graphql';
import { DataSource } from 'typeorm';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf } from '../graph/graph-context.js';
import { FlowStartsRow } from './flow-starts-tables.fixture.js';

export const FLOW_STARTS_ROWS = Symbol('rows of flow starts');

/** What the API says of it. */
export const FLOW_STARTS_SDL = `
  extend type Query {
    "Flows by how often they were started, the busiest first."
    flowStarts: [FlowStarts!]!
  }

  "How often a flow was started."
  type FlowStarts {
    "Its short name."
    slug: String!
    "How many runs were started."
    starts: Int!
    "When the last one was."
    lastStartedAt: DateTime!
  }
`;

@Resolver('FlowStarts')
export class FlowStartsResolver {
  constructor(@Inject(FLOW_STARTS_ROWS) private readonly rows: DataSource) {}

  /** Rows of the caller's own workspace: which one that is comes from the token, never from an argument. */
  @Query('flowStarts')
  @Requires('flows.read')
  async flowStarts(@CallerOf() { workspaceId }: Caller) {
    const found = await this.rows
      .getRepository(FlowStartsRow)
      .find({ where: { workspaceId }, order: { starts: 'DESC' } });
    return found.map(({ view }) => view);
  }
}
