import type { Connection } from '../integrations/credentials.js';
import { accessOf } from './program-access.js';

const connected = (secrets: Record<string, string>) => ({ settings: {}, secrets }) as unknown as Connection;
const configOf = (secrets: Record<string, string>, asks: boolean) => {
  const said = accessOf('codex', connected(secrets), asks).env['CODEX_CONFIG'];
  return said === undefined ? undefined : (JSON.parse(said) as Record<string, string>);
};

describe('Codex', () => {
  it('does not let its vendor search the web where its calls are counted: nobody could bound them', () => {
    expect(configOf({ apiKey: 'sk' }, false)).toEqual({ web_search: 'disabled' });
    expect(Object.keys(configOf({ apiKey: 'sk' }, true) ?? {})).toEqual(['web_search', 'developer_instructions']);
  });

  it('keeps its own settings where nobody counts and nobody is asked', () => {
    expect(configOf({ login: '{}' }, false)).toBeUndefined();
    expect(Object.keys(configOf({ login: '{}' }, true) ?? {})).toEqual(['developer_instructions']);
  });
});
