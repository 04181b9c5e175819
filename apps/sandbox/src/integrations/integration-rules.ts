import { INTEGRATION_KINDS } from '@runledger/contracts';
import type { IntegrationField, IntegrationKind } from '@runledger/contracts';
import type { Problem } from '@runledger/kernel';
import { z } from 'zod';
import { securedAddress } from './repository-address.js';

export type GivenFields = Readonly<Record<string, string>>;

const httpUrl = z.url({ protocol: /^https?$/ });

/** What is wrong with the particulars of an integration. Values are never told: they may be secrets. */
export function integrationProblems(kind: IntegrationKind, given: GivenFields): Problem[] {
  const { fields } = INTEGRATION_KINDS[kind];
  const known = new Map(fields.map(field => [field.name, field]));
  return [
    ...Object.keys(given)
      .filter(name => !known.has(name))
      .map(name => ({
        path: `fields.${name}`,
        message: `${kind} has no field ${name}.`,
        fix: `Its fields are ${fields.map(field => field.name).join(', ')}.`,
      })),
    ...fields.flatMap(field => fieldProblems(field, given[field.name] ?? '')),
    ...oneOf(kind, given),
    ...unsecured(kind, given),
  ];
}

/** A token that is sent to an address has to be encrypted on its way. */
function unsecured(kind: IntegrationKind, { url = '' }: GivenFields): Problem[] {
  if (kind !== 'git' || !httpUrl.safeParse(url).success || securedAddress(url)) return [];
  const message = 'url is not https: the token could be read on its way.';
  return [{ path: 'fields.url', message, fix: 'Give the https address, without a user name.' }];
}

function fieldProblems(field: IntegrationField, value: string): Problem[] {
  const path = `fields.${field.name}`;
  if (value === '') {
    return field.required ? [{ path, message: `${field.name} is missing.`, fix: field.description }] : [];
  }
  const fits = fitsForm(field.form, value);
  return fits ? [] : [{ path, message: `${field.name} does not look as it should.`, fix: field.description }];
}

function fitsForm(form: IntegrationField['form'], value: string): boolean {
  switch (form) {
    case undefined:
    case 'words':
      return !value.includes('\0');
    case 'url':
      // A password in an address would be shown with it.
      return httpUrl.safeParse(value).success && new URL(value).password === '';
    case 'yes-no':
      return value === 'yes' || value === 'no';
  }
}

/** Kinds that can be reached in two ways need to be told one. */
const WAYS: Readonly<Partial<Record<IntegrationKind, readonly [string, string]>>> = {
  'claude-code': ['apiKey', 'token'],
  codex: ['apiKey', 'login'],
  mcp: ['url', 'command'],
};

function oneOf(kind: IntegrationKind, given: GivenFields): Problem[] {
  const ways = WAYS[kind];
  if (!ways || ways.some(name => (given[name] ?? '') !== '')) return [];
  return [{ path: 'fields', message: `Neither ${ways.join(' nor ')} is given.`, fix: `Give ${ways.join(' or ')}.` }];
}

export interface PartedFields {
  readonly settings: Readonly<Record<string, string>>;
  readonly secrets: ReadonlyMap<string, string>;
}

/** What may be shown, and what goes into the vault. Empty fields count as not given. */
export function partedFields(kind: IntegrationKind, given: GivenFields): PartedFields {
  const settings: Record<string, string> = {};
  const secrets = new Map<string, string>();
  for (const { name, secret } of INTEGRATION_KINDS[kind].fields) {
    const value = given[name] ?? '';
    if (value === '') continue;
    if (secret) secrets.set(name, value);
    else settings[name] = value;
  }
  return { settings, secrets };
}
