import { readFileSync } from 'node:fs';
import { checkExpression } from './check-expression.js';
import { holds, type ExpressionScope } from './evaluate-expression.js';

const page = readFileSync(new URL('../../../../docs/reference/conditions.md', import.meta.url), 'utf8');
const [, table = ''] = page.split('## Operators and functions');
const conditions = [...table.matchAll(/^\| `(.+?)` \| /gm)].map(([, text]) => text ?? '');

const scope: ExpressionScope = {
  parameters: { deploy: true, dry: false, environment: 'production', copies: 2 },
  steps: {
    test: {
      outcome: 'SUCCESS',
      summary: 'One flaky test.',
      output: { coverage: 0.9, failed: null, files: ['a.ts', 'b.sql'] },
    },
    'open-pr': { outcome: 'SUCCESS', output: { number: 7 } },
  },
  run: { id: 'run_1', flow: 'release', version: 3 },
};
const names = {
  parameters: new Map([
    ['deploy', { type: 'boolean' as const }],
    ['dry', { type: 'boolean' as const }],
    ['environment', { type: 'string' as const, values: ['staging', 'production'] }],
    ['copies', { type: 'number' as const }],
  ]),
  steps: new Map(Object.entries(scope.steps)),
  done: new Set(['test', 'open-pr']),
  ended: false,
};

describe('the reference of conditions', () => {
  it('gives an example of each thing', () => expect(conditions.length).toBeGreaterThan(10));

  it.each(conditions)('shows one that is in order and holds: %s', text => {
    expect(checkExpression(text, names)).toEqual([]);
    expect(holds(text, scope)).toEqual({ value: true });
  });
});
