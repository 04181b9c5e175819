import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One use of a model or a machine by a run. Tokens are 0 for machines, milliseconds 0 for models. */
@Entity({ name: 'run_usage' })
export class RunUsageRow {
  @PrimaryColumn('text', { name: 'workspace_id' })
  workspaceId!: string;

  @PrimaryColumn('text', { name: 'run_id' })
  runId!: string;

  @PrimaryColumn('text', { name: 'usage_id' })
  usageId!: string;

  @Column('text')
  step!: string;

  @Column('text')
  kind!: 'model' | 'compute';

  @Column('text', { nullable: true })
  provider!: string | null;

  @Column('text', { nullable: true })
  model!: string | null;

  @Column('text', { name: 'resource_class', nullable: true })
  resourceClass!: string | null;

  @Column('bigint', { name: 'input_tokens' })
  inputTokens!: string;

  @Column('bigint', { name: 'output_tokens' })
  outputTokens!: string;

  @Column('bigint', { name: 'cache_read_tokens' })
  cacheReadTokens!: string;

  @Column('bigint', { name: 'cache_write_tokens' })
  cacheWriteTokens!: string;

  @Column('bigint', { name: 'cache_write_1h_tokens' })
  cacheWrite1hTokens!: string;

  @Column('bigint', { name: 'reasoning_tokens' })
  reasoningTokens!: string;

  @Column('bigint')
  milliseconds!: string;
}
