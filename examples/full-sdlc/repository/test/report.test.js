import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toTable } from '../src/report.js';

test('a table has a header and one line per row', () => {
  const table = toTable([
    { region: 'North', revenue: 1200 },
    { region: 'South', revenue: 80 },
  ]);
  assert.equal(table, 'region  revenue\nNorth   1200\nSouth   80');
});

test('no rows make no table', () => {
  assert.equal(toTable([]), '');
});
