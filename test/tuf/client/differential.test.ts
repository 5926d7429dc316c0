import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Updater } from 'tuf-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { generatedCases } from '../../harness/generated-cases.ts';
import { arbitraryOptions, damage } from '../generator/arbitrary.ts';
import { fileOf } from '../generator/mutations/mutation.ts';
import { SeededRandom } from '../generator/random.ts';
import { Repository } from '../generator/repository.ts';
import { EXPIRES, TestClient } from './test-client.ts';

/** Any number reproduces the run that printed it. */
const SEED = process.env['TUF_TEST_SEED'] ?? String(Date.now());
const REPOSITORIES = generatedCases(60);
const HISTORIES = generatedCases(30);

let client: TestClient;

beforeEach(async () => {
  client = await TestClient.start();
});

afterEach(() => client.stop());

test(`${REPOSITORIES} generated repositories are refreshed, or refused, as tuf-js does (seed ${SEED})`, async () => {
  for (let i = 0; i < REPOSITORIES; i++) {
    const random = new SeededRandom(`${SEED}/client/${i}`);
    const repository = new Repository({ ...arbitraryOptions(random, i % 10 === 0), expires: EXPIRES });
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
});

test(`${HISTORIES} repositories that go forwards, backwards and astray are followed as tuf-js does (seed ${SEED})`, async () => {
  for (let i = 0; i < HISTORIES; i++) {
    const random = new SeededRandom(`${SEED}/history/${i}`);
    const options = { ...arbitraryOptions(random, false), expires: EXPIRES };
    const first = new Repository(options).seal();
    rmSync(client.metadataDir, { recursive: true, force: true });
    await client.initialise(first);
    const theirs = mkdtempSync(join(client.base, 'tuf-js-'));
    writeFileSync(join(theirs, 'root.json'), fileOf(first, '1.root.json'));
    const story = [];
    for (let state = 0; state < 4; state++) {
      const repository = new Repository(options);
      const files = ['timestamp', 'snapshot', 'targets', ...repository.delegated.keys()];
      // Higher or lower than before, but never equal: tuf-js keeps a snapshot of the same version although
      // the timestamp names other bytes.
      for (const role of files) {
        repository.file(role).version = 4 * (2 + random.integer(2 + state)) + state;
      }
      const what = state > 0 && random.integer(3) === 0 ? damage(random, repository) : 'nothing';
      client.server.files.clear();
      client.serve(repository.seal());
      const [expected, found] = [await tufJSRefresh(theirs), await client.refresh()];
      story.push(`${what}: ${expected}, ours ${found}`);
      const context = `TUF_TEST_SEED=${SEED}, history ${i}: ${story.join('; ')}`;
      expect(found === 'ok', context).toBe(expected === 'ok');
      expect(client.trustedFiles(), context).toEqual(readdirSync(theirs).sort());
      for (const file of client.trustedFiles()) {
        expect(readFileSync(join(client.metadataDir, file)), `${file}; ${context}`).toEqual(
          readFileSync(join(theirs, file)),
        );
      }
    }
  }
});

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
