import { isDeeperThan, MAX_LEVELS } from '@runledger/contracts';
import { GraphQLError, GraphQLScalarType, Kind, valueFromASTUntyped } from 'graphql';

function text(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw new GraphQLError(`${what} is a string.`, { extensions: { code: 'BAD_USER_INPUT' } });
}

function instant(value: unknown): string {
  const said = text(value, 'A DateTime');
  const time = /^\d{4}-\d\d-\d\dT/.test(said) ? Date.parse(said) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new GraphQLError(`"${said}" is no instant.`, {
      extensions: { code: 'BAD_USER_INPUT', fix: 'Write ISO 8601, like 2026-01-31T09:30:00.000Z.' },
    });
  }
  return new Date(time).toISOString();
}

/** As all of ours are written: many go out with each answer. */
const CANONICAL = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function written(value: unknown): string {
  return typeof value === 'string' && CANONICAL.test(value) ? value : instant(value);
}

function bigInteger(value: unknown): string {
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return String(value);
  if (typeof value === 'string' && /^-?\d{1,30}$/.test(value)) return value;
  throw new GraphQLError('A BigInt is an integer, written as a string.', { extensions: { code: 'BAD_USER_INPUT' } });
}

/** Positions stay text on the way in: what is wrong with one is said by whoever uses it, in terms of its use. */
const Position = new GraphQLScalarType<string, string>({
  name: 'Position',
  serialize: value => text(value, 'A Position'),
  parseValue: value => text(value, 'A Position'),
});

const DateTime = new GraphQLScalarType<string, string>({ name: 'DateTime', serialize: written, parseValue: instant });

const BigIntText = new GraphQLScalarType<string, string>({
  name: 'BigInt',
  serialize: bigInteger,
  parseValue: bigInteger,
  parseLiteral: node => bigInteger(node.kind === Kind.INT || node.kind === Kind.STRING ? node.value : undefined),
});

/** Whoever reads what is nested deeper runs out of stack. */
function shallow(value: unknown): unknown {
  if (!isDeeperThan(value, MAX_LEVELS)) return value;
  throw new GraphQLError(`The JSON is nested more than ${MAX_LEVELS} levels deep.`, {
    extensions: { code: 'BAD_USER_INPUT', fix: 'Flatten it, or hand it over as text.' },
  });
}

const JSON = new GraphQLScalarType<unknown, unknown>({
  name: 'JSON',
  serialize: value => value,
  parseValue: shallow,
  parseLiteral: (node, variables) => shallow(valueFromASTUntyped(node, variables)),
});

export const scalarResolvers = { Position, DateTime, BigInt: BigIntText, JSON };
