import { withoutCodeOfNode } from './snapshot-blob.mjs';

const number = value => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
const withLength = bytes => Buffer.concat([number(bytes.length), bytes]);
const entry = ([id, code]) => [withLength(Buffer.from(id)), withLength(Buffer.from(code))];
const codeOf = modules => Buffer.concat([number(modules.length), ...modules.flatMap(entry)]);

/** What stands before it, with small numbers that might be taken for the beginning. */
const memory = Buffer.concat([Buffer.from('memory'), number(2), number(9), Buffer.from('v8::utils'), Buffer.alloc(40)]);
const MODULES = [
  ['internal/deps/acorn', 'compiled'],
  ['fs', ''],
  ['_http_agent', 'compiled as well'],
];

describe('what Node.js adds of its own modules to a startup snapshot', () => {
  it('is left out, and nothing else is', () => {
    const left = withoutCodeOfNode(Buffer.concat([memory, codeOf(MODULES)]));
    expect(left).toEqual(Buffer.concat([memory, number(0)]));
  });

  it.each([
    ['does not reach to the end', Buffer.concat([memory, codeOf(MODULES), Buffer.from('more')])],
    ['ends too early', Buffer.concat([memory, codeOf(MODULES)]).subarray(0, -1)],
    ['is not there', Buffer.concat([memory, number(0)])],
    ['is written in another way', Buffer.concat([memory, codeOf([['a module; of its own', 'compiled']])])],
  ])('is left as it is where it %s', (_why, blob) => {
    expect(withoutCodeOfNode(blob)).toBeUndefined();
  });
});
