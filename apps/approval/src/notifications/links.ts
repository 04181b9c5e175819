/** Where people find what messages are about; undefined where the operator has not said how this platform is reached. */
export class Links {
  constructor(private readonly publicUrl: string | undefined) {}

  run(runId: string): string | undefined {
    return this.publicUrl && `${this.publicUrl}/#/runs/${encodeURIComponent(runId)}`;
  }

  /** Of the page on which a letter's recipient decides. */
  decision(channelId: string, ticket: string): string | undefined {
    return this.publicUrl && `${this.publicUrl}/api/v1/decisions/${channelId}?ticket=${ticket}`;
  }
}
