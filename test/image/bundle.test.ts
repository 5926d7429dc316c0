import { expect, test } from 'vitest';
import { bundle } from '../../scripts/build/bundle.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

test("the program carries no class for each of Kubernetes' kinds: an idle controller would pay for them", async () => {
  await using directory = await temporaryDirectory('bundle');
  const { inputs } = await bundle({ 'tuf-recovery': 'src/cli/main.ts' }, directory.path);
  const client = Object.keys(inputs).filter((path) => path.includes('@kubernetes/client-node/'));
  expect(client.filter((path) => /\/gen\/(models|apis|types)\//.test(path))).toEqual([]);
  expect(client.some((path) => path.endsWith('/dist/config.js'))).toBe(true);
});
