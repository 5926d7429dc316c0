import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

describe('the workflows', () => {
  test('use only actions that are pinned to a commit, with the version beside it', async () => {
    for (const name of await readdir('.github/workflows')) {
      const text = await readFile(join('.github/workflows', name), 'utf8');
      expect(parse(text), name).toHaveProperty('permissions.contents', 'read');
      for (const line of text.split('\n').filter((each) => each.includes('uses:'))) {
        expect(line, name).toMatch(/uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
      }
    }
  });
});
