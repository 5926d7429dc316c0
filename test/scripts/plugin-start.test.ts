import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Metafile } from 'esbuild';
import { beforeAll, expect, test } from 'vitest';
import { bundle } from '../../scripts/build/bundle.ts';
import { loadedChunks } from '../harness/loaded-chunks.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

/** Loaded by everything that asks a cluster. */
const command = 'src/cli/kubectl/status/status.ts';

let metafile: Metafile;
const texts = new Map<string, string>();

beforeAll(async () => {
  await using directory = await temporaryDirectory('bundle');
  metafile = await bundle({ 'tuf-recovery': 'src/cli/main.ts' }, directory.path);
  for (const output of Object.keys(metafile.outputs)) {
    texts.set(output, await readFile(join(directory.path, basename(output)), 'utf8'));
  }
});

/** What is loaded before a command of the plugin runs: the program, and the command's own chunk. */
const loaded = (): readonly string[] => loadedChunks(metafile, 'src/cli/main.ts', command);

test('a command of the plugin loads no logger, no metrics and no SDK', () => {
  const packages = new Set(
    loaded()
      .flatMap((path) => Object.keys(metafile.outputs[path]?.inputs ?? {}))
      .flatMap((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? []),
  );
  expect(packages).toContain('commander');
  expect([...packages].filter((name) => /^(pino|prom-client|ioredis|express|@aws-sdk\/)/.test(name))).toEqual(
    [],
  );
});

test('nothing in the bundle imports node:http in the way that loads all of it', () => {
  const wrong = [...texts].filter(([, text]) => /^import\b.*\bfrom "(node:)?https?";$/m.test(text));
  expect(wrong.map(([path]) => basename(path))).toEqual([]);
  expect([...texts.values()].some((text) => text.includes('require("node:http")'))).toBe(true);
});
