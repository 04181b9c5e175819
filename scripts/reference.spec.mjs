import { existsSync, readFileSync } from 'node:fs';
import { catalogue } from '@runledger/contracts';
import { pages } from './reference.mjs';
import { definitionsIn } from './reference/doc-comments.mjs';
import { formatPage } from './reference/format-page.mjs';
import { graphqlPage } from './reference/graphql-page.mjs';

const committed = path => {
  const at = new URL(`../${path}`, import.meta.url);
  return existsSync(at) ? readFileSync(at, 'utf8') : '';
};

describe('the committed reference', () => {
  it.each(Object.entries(pages))('says what the code says: %s (else run `npm run docs`)', async (path, generate) => {
    expect(committed(path)).toBe(await generate());
  });

  it('names every event with a sentence and an example', () => {
    const page = committed('docs/reference/events.md');
    for (const { type } of catalogue.definitions()) {
      expect(page).toMatch(new RegExp(`#### ${type}\\n\\n[A-Z][^\\n]+\\.\\n`));
      expect(page).toContain(`"type": "${type}"`);
    }
  });
});

describe('the generator', () => {
  it('takes sentences and field meanings from doc comments', () => {
    const source = [
      '/** A door was opened.',
      ' * From inside. */',
      'export const DoorOpened = defineEvent({',
      "  type: 'DoorOpened',",
      '  schema: z.strictObject({',
      '    /** Who it was. */',
      '    by: z.string(),',
      '  }),',
      '});',
    ].join('\n');
    expect(definitionsIn(source, 'doors')).toEqual([
      {
        service: 'doors',
        name: 'DoorOpened',
        sentence: 'A door was opened. From inside.',
        fields: { by: 'Who it was.' },
      },
    ]);
  });

  it('refuses a definition that nobody explained', () => {
    expect(() => definitionsIn('export const DoorOpened = defineEvent({\n});', 'doors')).toThrow(/no doc comment/);
  });

  it('lists each keyword of a flow document once, with its default and an example', () => {
    const page = formatPage('Flow format', {
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string', description: 'For people.' },
        first: { $ref: '#/$defs/step' },
        last: { $ref: '#/$defs/step' },
      },
      $defs: {
        step: {
          type: 'object',
          properties: { timeout: { type: 'string', default: '30m', description: 'How long.', examples: ['1h'] } },
        },
      },
    });
    expect(page).toContain('| `name` | string | yes | For people. |');
    expect(page).toContain('| `timeout` | string | no | How long. Default `"30m"`. | `timeout: 1h` |');
    expect(page.match(/\| `timeout`/g)).toHaveLength(1);
  });

  it('lists operations, unions and enums of a GraphQL schema', () => {
    const page = graphqlPage(`
      type Query { "All doors." doors(open: Boolean = true): [Door!]! }
      "A way in." type Door { "Its state." state: State! }
      enum State { "One can pass." OPEN SHUT }
      type Wall { high: Boolean }
      union Obstacle = Door | Wall
    `);
    expect(page).toContain('### Query.doors\n\n`doors: [Door!]!`\n\nAll doors.');
    expect(page).toContain('| `open` | `Boolean = true` |');
    expect(page).toContain('| `OPEN` | One can pass. |');
    expect(page).toContain('One of [`Door`](#door), [`Wall`](#wall).');
  });
});
