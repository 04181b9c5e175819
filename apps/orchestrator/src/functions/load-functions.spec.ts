import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FunctionsInvalidError, functionsOf } from './load-functions.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runledger-functions-'));
});

afterEach(() => rm(folder, { recursive: true }));

async function load(source: string) {
  const module = join(folder, 'functions.mjs');
  await writeFile(module, source);
  return functionsOf({ module });
}

it('takes the functions that a module exports', async () => {
  const functions = await load(`export default { 'open-ticket': input => ({ output: input.title }) }`);
  expect(functions['open-ticket']?.({ title: 'x' }, {} as never)).toEqual({ output: 'x' });
});

it('has none where no module is named', async () => {
  await expect(functionsOf({ module: undefined })).resolves.toEqual({});
});

it.each([
  ['no default export', 'export const a = 1', /write `export default \{/],
  ['a list', 'export default []', /write `export default \{/],
  ['a member that is no function', 'export default { ticket: 7 }', /`ticket` is no function/],
  ['a name that flows cannot write', 'export default { openTicket: () => 1 }', /`openTicket` is no name for flows/],
  ['no JavaScript', 'export default {', /Unexpected end of input \(`node --check .*functions\.mjs` shows where\)\./],
  ['a module that throws', 'throw new Error("No token.")', /No token \(file:.*functions\.mjs:1:7\)\. Mend the module/],
  ['a throw of no error', 'throw "No token."', /cannot be used: No token\. Mend/],
  [
    'a package that is not there',
    'import "not-there"',
    /Cannot find package 'not-there' imported from .*functions\.mjs/,
  ],
])('refuses %s, and says what is wrong', async (_what, source, message) => {
  const loading = load(source);
  await expect(loading).rejects.toThrow(FunctionsInvalidError);
  await expect(loading).rejects.toThrow(message);
});

it('refuses what is no file', async () => {
  await expect(functionsOf({ module: folder })).rejects.toThrow(/it is no file\. Mend/);
});

it('refuses a module that is not there', async () => {
  await expect(functionsOf({ module: join(folder, 'none.mjs') })).rejects.toThrow(
    /none\.mjs cannot be used: ENOENT: no such file/,
  );
});
