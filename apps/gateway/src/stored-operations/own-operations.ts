import { pathToFileURL } from 'node:url';
import * as client from '@runledger/client';
import { ownFile } from '../explorer/page-files.js';
import { hashOf, type Manifest } from './operation-manifest.js';

/** The operations of the client package and of the console: whoever allows only stored ones has these stored already. */
export async function ownOperations(): Promise<Manifest> {
  const console: unknown = await import(pathToFileURL(ownFile('queries.js')).href);
  const documents = Object.entries(client).filter(([name]) => name.endsWith('Document'));
  const texts = [...documents.map(([, document]) => String(document)), ...textsIn(console)];
  return new Map(texts.map(text => [hashOf(text), text]));
}

/** Strings, however deep they lie. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
