import { replacementDiff } from './replacement-diff.js';

describe('the diff of a replacement', () => {
  const hunk = (before: string, after: string): string[] => replacementDiff('f', before, after).split('\n').slice(2);

  it('shows what was replaced between the lines around it', () => {
    expect(hunk('a\nb\nc\n', 'a\nB\nc\n')).toEqual(['@@ -1,3 +1,3 @@', ' a', '-b', '+B', ' c']);
  });
  it('shows at most three lines around it', () => {
    const lines = (middle: string) => ['1', '2', '3', '4', middle, '6', '7', '8', '9'].join('\n');
    expect(hunk(lines('x'), lines('y'))).toEqual(['@@ -2,7 +2,7 @@', ' 2', ' 3', ' 4', '-x', '+y', ' 6', ' 7', ' 8']);
  });
  it('shows what is only added or only removed', () => {
    expect(hunk('a\n', 'a\nb\n')).toEqual(['@@ -1 +1,2 @@', ' a', '+b']);
    expect(hunk('a\nb\n', 'b\n')).toEqual(['@@ -1,2 +1 @@', '-a', ' b']);
    expect(hunk('a', '')).toEqual(['@@ -1 +0,0 @@', '-a']);
  });
  it('names the text on both sides', () => {
    expect(replacementDiff('instructions', 'a', 'b').split('\n').slice(0, 2)).toEqual([
      '--- a/instructions',
      '+++ b/instructions',
    ]);
  });
  it('does not take a repeated line for context twice', () => {
    expect(hunk('a\na\n', 'a\n')).toEqual(['@@ -1,2 +1 @@', ' a', '-a']);
  });
});
