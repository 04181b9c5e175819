import grpc from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import type { StreamIdentifier } from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { AppendReq, ReadReq, ReadResp, AppendResp } from '@eventstore/db-client/generated/streams_pb.js';
import type { Expected, ProposedEvent, StoredEvent, Written } from './double-log.js';

/** Every request that expects a revision says so in the same way. */
interface ExpectingOptions {
  hasAny(): boolean;
  hasNoStream(): boolean;
  hasStreamExists(): boolean;
  getRevision(): string;
  getStreamIdentifier(): StreamIdentifier | undefined;
}

export function expectedOf(options: ExpectingOptions | undefined): Expected {
  if (!options || options.hasAny()) return 'any';
  if (options.hasNoStream()) return 'no-stream';
  return options.hasStreamExists() ? 'exists' : BigInt(options.getRevision());
}

export function streamOf(options: { getStreamIdentifier(): StreamIdentifier | undefined } | undefined): string {
  return Buffer.from(options?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString('utf8');
}

export function proposedOf(message: AppendReq.ProposedMessage): ProposedEvent {
  return {
    id: message.getId()?.getString().toLowerCase() ?? '',
    type: message.getMetadataMap().get('type') ?? '',
    contentType: message.getMetadataMap().get('content-type') ?? '',
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  };
}

export function appendReply(written: Exclude<Written, { readonly kind: 'deleted' }>): AppendResp {
  const reply = new streams.AppendResp();
  if (written.kind === 'written') {
    const success = new streams.AppendResp.Success();
    success.setCurrentRevision(String(written.revision));
    const position = new streams.AppendResp.Position();
    position.setCommitPosition(String(written.position));
    position.setPreparePosition(String(written.position));
    return reply.setSuccess(success.setPosition(position));
  }
  const wrong = new streams.AppendResp.WrongExpectedVersion();
  if (written.current < 0n) wrong.setCurrentNoStream(new shared.Empty());
  else wrong.setCurrentRevision(String(written.current));
  return reply.setWrongExpectedVersion(wrong);
}

export function eventMessage(event: StoredEvent): ReadResp {
  const record = new streams.ReadResp.ReadEvent.RecordedEvent();
  record.setId(new shared.UUID().setString(event.id));
  record.setStreamIdentifier(identifier(event.stream));
  record.setStreamRevision(String(event.revision));
  record.setCommitPosition(String(event.position));
  record.setPreparePosition(String(event.position));
  record.getMetadataMap().set('type', event.type);
  record.getMetadataMap().set('content-type', event.contentType);
  record.getMetadataMap().set('created', String(event.created));
  record.setData(event.data);
  record.setCustomMetadata(event.metadata);
  const read = new streams.ReadResp.ReadEvent().setEvent(record).setCommitPosition(String(event.position));
  return new streams.ReadResp().setEvent(read);
}

export function confirmation(id: string): ReadResp {
  return new streams.ReadResp().setConfirmation(new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId(id));
}

export function caughtUp(): ReadResp {
  return new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp());
}

export function checkpoint(position: bigint): ReadResp {
  const message = new streams.ReadResp.Checkpoint();
  message.setCommitPosition(String(position));
  message.setPreparePosition(String(position));
  return new streams.ReadResp().setCheckpoint(message);
}

export function notFound(stream: string): ReadResp {
  const message = new streams.ReadResp.StreamNotFound().setStreamIdentifier(identifier(stream));
  return new streams.ReadResp().setStreamNotFound(message);
}

/** Which events a reader of `$all` wants; a regular expression goes before prefixes. */
export function filterOf(options: ReadReq.Options): (event: StoredEvent) => boolean {
  const filter = options.getFilter();
  const byName = filter?.getStreamIdentifier();
  const expression = byName ?? filter?.getEventType();
  if (!expression) return () => true;
  const regex = expression.getRegex() === '' ? undefined : new RegExp(expression.getRegex());
  const prefixes = expression.getPrefixList();
  return event => {
    const text = byName ? event.stream : event.type;
    return regex ? regex.test(text) : prefixes.some(prefix => text.startsWith(prefix));
  };
}

/** An error as the server sends it: the reason is in the trailers. */
export function failure(
  code: number,
  exception?: string,
  trailers: Readonly<Record<string, string>> = {},
): ServiceError {
  const metadata = new grpc.Metadata();
  if (exception !== undefined) metadata.set('exception', exception);
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, value);
  const details = exception ?? 'The double was told to fail.';
  return Object.assign(new Error(details), { code, details, metadata });
}

export function streamDeleted(stream: string): ServiceError {
  return failure(grpc.status.FAILED_PRECONDITION, 'stream-deleted', { 'stream-name': stream });
}

export function wrongVersion(stream: string, expected: Expected, current: bigint): ServiceError {
  const numbers = { any: '-2', 'no-stream': '-1', exists: '-4' };
  return failure(grpc.status.FAILED_PRECONDITION, 'wrong-expected-version', {
    'stream-name': stream,
    'expected-version': typeof expected === 'bigint' ? String(expected) : numbers[expected],
    ...(current < 0n ? {} : { 'actual-version': String(current) }),
  });
}

function identifier(stream: string): StreamIdentifier {
  return new shared.StreamIdentifier().setStreamName(Buffer.from(stream));
}
