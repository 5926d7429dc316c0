import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle } from '../../scripts/build/bundle.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';

/** What an idle controller pays for, because V8 keeps the sources of what it has loaded. */
let directory: TemporaryDirectory;
let inputs: readonly string[];

beforeAll(async () => {
  directory = await temporaryDirectory('bundle');
  const made = await bundle({ 'tuf-recovery': 'src/cli/main.ts' }, directory.path);
  inputs = Object.keys(made.inputs);
});

afterAll(async () => {
  await directory?.[Symbol.asyncDispose]();
});

test("the program carries no class for each of Kubernetes' kinds", () => {
  const client = inputs.filter((path) => path.includes('@kubernetes/client-node/'));
  expect(client.filter((path) => /\/gen\/(models|apis|types)\//.test(path))).toEqual([]);
  expect(client.some((path) => path.endsWith('/dist/config.js'))).toBe(true);
});

test('no large script has a character outside ASCII, which would double its place in memory', async () => {
  const scripts = (await readdir(directory.path)).filter((name) => name.endsWith('.js'));
  const sources = await Promise.all(scripts.map((name) => readFile(join(directory.path, name))));
  const large = sources.filter(({ length }) => length > 16 * 1_024);
  expect(large.length).toBeGreaterThan(5);
  const outside = large.flatMap((source) => {
    const index = source.findIndex((byte) => byte > 0x7f);
    return index < 0 ? [] : [source.subarray(Math.max(0, index - 60), index + 20).toString()];
  });
  expect(outside).toEqual([]);
});
