/** Every refusal that people or their programs are told says what to do. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '..');
const SPEC = /\.(spec|int-spec|e2e-spec|fixture|property\.spec)\.ts$/;

/** What services say to each other alone: whoever hears it knows what to do. */
const AMONG_SERVICES = ['ALREADY_CLAIMED', 'ATTEMPT_OVER', 'NOT_OPEN', 'NOT_STARTED', 'NOT_THE_OWNER'];

/** Codes of the refusals in a source that say nothing but what is wrong. */
function unhelpful(text) {
  const found = [];
  const visit = node => {
    if (ts.isCallExpression(node) && node.expression.getText() === 'reject') {
      const [code, , more] = node.arguments;
      const says = more && (!ts.isObjectLiteralExpression(more) || more.properties.some(isFix));
      if (code && ts.isStringLiteral(code) && !says) found.push(code.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true));
  return found;
}

/** What is spread in is named elsewhere. */
function isFix(property) {
  return ts.isSpreadAssignment(property) || property.name?.getText() === 'fix';
}

describe('a refusal', () => {
  const sources = ['apps', 'libs'].flatMap(parent =>
    readdirSync(join(root, parent)).flatMap(name => {
      const folder = join(root, parent, name, 'src');
      return readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter(file => file.endsWith('.ts') && !SPEC.test(file))
        .map(file => join(folder, file));
    }),
  );

  it('is seen by this spec where it says nothing but what is wrong', () => {
    expect(
      unhelpful("reject('NO', 'No.'); reject('WHY', 'No.', { details }); reject('SO', 'No.', { fix: 'Ask.' })"),
    ).toEqual(['NO', 'WHY']);
  });

  it('says what to do, wherever people or their programs are told', () => {
    const codes = sources
      .map(file => readFileSync(file, 'utf8'))
      .filter(text => text.includes('reject('))
      .flatMap(unhelpful);
    expect([...new Set(codes)].sort()).toEqual(AMONG_SERVICES);
  });
});
