import { expect, test } from 'vitest';
import { jsonLines } from './json-lines.ts';

test('a log that is read while it is written holds the lines that are complete by then', () => {
  const log = ['{"n":1,"in":{"a":1}}', 'Node.js says this', '{"n":2}', ''].join('\n');
  for (let length = 0; length <= log.length; length += 1) {
    const written = log.slice(0, length);
    const complete = [1, 2].slice(0, [...written.matchAll(/\}\n/g)].length);
    expect(
      jsonLines(written).map(({ n }) => n),
      JSON.stringify(written),
    ).toEqual(complete);
  }
});
