import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Updater } from 'tuf-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { arbitraryOptions, damage } from '../generator/arbitrary.ts';
import { fileOf } from '../generator/mutations/mutation.ts';
import { SeededRandom } from '../generator/random.ts';
import { Repository } from '../generator/repository.ts';
import { TestClient } from './test-client.ts';

/** Any number reproduces the run that printed it. */
const SEED = process.env['TUF_TEST_SEED'] ?? String(Date.now());

let client: TestClient;

beforeEach(async () => {
  client = await TestClient.start();
});

afterEach(() => client.stop());

test(`60 generated repositories are refreshed, or refused, as tuf-js does (seed ${SEED})`, async () => {
  for (let i = 0; i < 60; i++) {
    const random = new SeededRandom(`${SEED}/client/${i}`);
    const repository = new Repository(arbitraryOptions(random, i % 10 === 0));
    const what = random.boolean() ? 'nothing' : damage(random, repository);
    const files = repository.seal();
    client.server.files.clear();
    client.serve(files);
    rmSync(client.metadataDir, { recursive: true, force: true });
    await client.initialise(files);
    const theirs = mkdtempSync(join(client.base, 'tuf-js-'));
    writeFileSync(join(theirs, 'root.json'), fileOf(files, '1.root.json'));
    const expected = await tufJSRefresh(theirs);
    const found = await client.refresh();
    const context = `TUF_TEST_SEED=${SEED}, repository ${i}, ${what}: ${expected}, ours ${found}`;
    expect(found === 'ok', context).toBe(expected === 'ok');
    expect(client.trusted('root'), context).toEqual(readFileSync(join(theirs, 'root.json')));
  }
}, 300_000);

/** What tuf-js says; it checks the initial root in its constructor already. */
async function tufJSRefresh(metadata: string): Promise<string> {
  try {
    const config = { fetchRetries: 0 };
    await new Updater({
      metadataDir: metadata,
      metadataBaseUrl: `${client.server.url}metadata`,
      config,
    }).refresh();
    return 'ok';
  } catch (error) {
    return String(error);
  }
}
