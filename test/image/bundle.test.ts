import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle } from '../../scripts/build/bundle.ts';
import { loadedChunks } from '../harness/loaded-chunks.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';

/** What an idle controller pays for, because V8 keeps the sources of what it has loaded. */
let directory: TemporaryDirectory;
let metafile: Metafile;

beforeAll(async () => {
  directory = await temporaryDirectory('bundle');
  metafile = await bundle({ 'tuf-recovery': 'src/cli/main.ts' }, directory.path);
});

afterAll(async () => {
  await directory?.[Symbol.asyncDispose]();
});

test("the program carries no class for each of Kubernetes' kinds", () => {
  const client = Object.keys(metafile.inputs).filter((path) => path.includes('@kubernetes/client-node/'));
  expect(client.filter((path) => /\/gen\/(models|apis|types)\//.test(path))).toEqual([]);
  expect(client.some((path) => path.endsWith('/dist/config.js'))).toBe(true);
});

test('a controller loads pools of connections to the API server, and not all of undici', () => {
  const chunks = loadedChunks(metafile, 'src/cli/main.ts', 'src/cli/commands/run-controller.ts');
  const loaded = chunks.flatMap((path) => Object.keys(metafile.outputs[path]?.inputs ?? {}));
  const undici = loaded.flatMap((path) => /\/undici\/(.*)$/.exec(path)?.[1] ?? []);
  expect(undici).toContain('lib/dispatcher/agent.js');
  const left = /^(index\.js|lib\/(mock|cache|interceptor|web\/(websocket|eventsource|cache|cookies))\/)/;
  expect(undici.filter((path) => left.test(path))).toEqual([]);
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
