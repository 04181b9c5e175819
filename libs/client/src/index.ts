export { RunledgerError, type ApiError } from './client-error.js';
export type { Delivered } from './resumed.js';
export { RunledgerClient, type ClientOptions, type RequestOptions } from './runledger-client.js';
export { withSegment, type TranscriptView } from './transcript-view.js';
export { TypedDocumentString } from './typed-document-string.js';
export * from './generated.js';
