import { HeaderList } from './header-list.js';

describe('headers', () => {
  it('are found whatever the case of their names, and come in the order of the names', () => {
    const list = new HeaderList({ 'X-Api-Key': 'k', Accept: 'text/plain', absent: undefined });
    expect(list.get('x-API-key')).toBe('k');
    expect(list.has('absent')).toBe(false);
    expect([...list]).toEqual([
      ['accept', 'text/plain'],
      ['x-api-key', 'k'],
    ]);
  });

  it('lose the space around their values, such as the end of the line behind a key that was read from a file', () => {
    expect(new HeaderList([['x-api-key', ' sk-1\r\n']]).get('x-api-key')).toBe('sk-1');
  });

  it('are joined where a name comes more than once, but cookies', () => {
    const list = HeaderList.ofRaw(['Vary', 'accept', 'Set-Cookie', 'a=1, 2', 'vary', 'origin', 'set-cookie', 'b=2']);
    expect(list.get('vary')).toBe('accept, origin');
    expect(list.getSetCookie()).toEqual(['a=1, 2', 'b=2']);
    expect([...list.keys()]).toEqual(['set-cookie', 'set-cookie', 'vary']);
  });

  it('can be made of others, changed and taken away, without changing those', () => {
    const first = new HeaderList({ accept: 'a' });
    const second = new HeaderList(first);
    second.set('Accept', 'b');
    second.append('x', '1');
    second.delete('X');
    expect([...second.entries()]).toEqual([['accept', 'b']]);
    expect([...first.values()]).toEqual(['a']);
  });

  it('say the same as those of the platform', () => {
    const given = { b: ' 2 ', A: '1', c: 'x, y' };
    expect([...new HeaderList(given)]).toEqual([...new Headers(given)]);
    expect([...new HeaderList(new Headers(given))]).toEqual([...new Headers(given)]);
    const told: string[] = [];
    new HeaderList(given).forEach((value, name) => told.push(`${name}: ${value}`));
    expect(told).toEqual(['a: 1', 'b: 2', 'c: x, y']);
  });
});
