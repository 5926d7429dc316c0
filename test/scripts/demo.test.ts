import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { asset } from '../harness/assets.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

const run = promisify(execFile);
const { KUBECONFIG: _, S3_ENDPOINT: __, KUBEBUILDER_ASSETS: ___, VERSITYGW: ____, ...clean } = process.env;

/** An environment in which nothing is built yet, and in which `go` is this script. */
async function nothingBuilt(directory: string, go: string): Promise<NodeJS.ProcessEnv> {
  const bin = join(directory, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'go'), `#!/bin/sh\n${go}\n`);
  await chmod(join(bin, 'go'), 0o755);
  return { ...clean, PATH: `${bin}:${clean['PATH']}`, XDG_CACHE_HOME: join(directory, 'cache') };
}

const recovered = '17 of 17 settings are back';

test('npm run demo shows the engine while the parts of a cluster are built, then a cluster', async () => {
  await using directory = await temporaryDirectory('demo');
  // What it builds is there already: only the time is left out.
  const env = await nothingBuilt(
    directory.path,
    `test "$1" != env || { echo go1.26.0; exit; }
for package; do :; done
while [ "$1" != -o ]; do shift; done
case $package in
  */versitygw) built=${asset('versitygw')} ;;
  */etcd/server/v3) built=${asset('etcd')} ;;
  */kubectl) built=${asset('kubectl')} ;;
  */kube-apiserver) built=${asset('kube-apiserver')} ;;
esac
cp "$built" "$2"`,
  );
  const { stdout } = await run(process.execPath, ['scripts/demo.ts'], { env });
  const moments = [
    'On Kubernetes the demo needs versitygw, etcd, kubectl, kube-apiserver.',
    'kube-apiserver four to five minutes',
    'tuf-recovery plan --admin alice --app tuf',
    'FullLoss: a recovery would write 17 keys.',
    '17 keys were written, 0 kept; all were read back and are valid.',
    `✓ ${recovered}, `,
    'Now on Kubernetes',
    /versitygw [\d.]+: building, about a minute on two cores/,
    /kube-apiserver [\d.]+: built/,
    'start the Kubernetes API server',
    'kubectl apply -f -',
    /tuf.*FullLoss\s+True\s+Recovered/,
    `✓ ${recovered}: the marker names this run, all others are as they were`,
  ];
  let rest = stdout;
  for (const moment of moments) {
    const at = typeof moment === 'string' ? rest.indexOf(moment) : rest.search(moment);
    expect(at, `${moment} in\n${rest}`).toBeGreaterThanOrEqual(0);
    rest = rest.slice(at);
  }
  expect(stdout).not.toContain('✗');
});

test('what is there already is not built, and the engine not shown first', async () => {
  const { stdout } = await run(process.execPath, ['scripts/demo.ts'], { env: clean });
  expect(stdout).toContain(`✓ ${recovered}: the marker names this run, all others are as they were`);
  expect(stdout).toContain('3  Five lines of YAML');
  expect(stdout).not.toContain('Now on Kubernetes');
});

test('a build that fails is said after the engine was shown, and the demo fails', async () => {
  await using directory = await temporaryDirectory('demo');
  const env = await nothingBuilt(
    directory.path,
    'test "$1" != env || { echo go1.26.0; exit; }\necho no such module >&2\nexit 1',
  );
  const failure = await run(process.execPath, ['scripts/demo.ts'], { env }).then(
    () => undefined,
    (error: { code: number; stdout: string }) => error,
  );
  expect(failure?.code).toBe(1);
  expect(failure?.stdout).toContain(`✓ ${recovered}, `);
  expect(failure?.stdout).toContain('no such module');
  expect(failure?.stdout).toContain('could not be built. npm run demo -- --engine does without.');
});

test('the engine alone needs nothing that is built', async () => {
  await using directory = await temporaryDirectory('demo');
  const env = await nothingBuilt(directory.path, 'exit 1');
  const { stdout } = await run(process.execPath, ['scripts/demo.ts', '--engine'], { env });
  expect(stdout).toContain(`✓ ${recovered}, `);
  expect(stdout).not.toContain('Kubernetes');
});

test('a run is drawn as an animation that moves without scripts and stands still where motion is not wanted', async () => {
  await using directory = await temporaryDirectory('demo');
  const file = join(directory.path, 'recovery.svg');
  const env = { ...clean, FORCE_COLOR: '1' };
  await run(process.execPath, ['scripts/demo.ts', '--engine', `--animation=${file}`], { env });
  const drawn = await readFile(file, 'utf8');
  // The one in the docs is drawn by hand, from a run of the same kind.
  for (const picture of [drawn, await readFile('docs/images/recovery.svg', 'utf8')]) {
    const texts = picture.replaceAll(/<[^>]*>/g, '');
    for (const moment of [
      'redis-cli FLUSHALL',
      'a recovery would write 17 keys',
      '17 keys were written',
      recovered,
    ]) {
      expect(texts).toContain(moment);
    }
    expect(picture).not.toMatch(/<script|href=|url\(|@import|on\w+=/);
    expect(picture).toContain('@media (prefers-reduced-motion:reduce){text,.s{animation:none}}');
    // Each row appears, in the order in which it was written.
    const shown = [...picture.matchAll(/<text class="m(\d+)"/g)].map(([, moment]) => Number(moment));
    expect(shown.length).toBeGreaterThan(80);
    expect(shown).toEqual(shown.toSorted((a, b) => a - b));
    const times = shown.map((moment) =>
      Number(new RegExp(`@keyframes m${moment}\\{0%\\{[^}]*\\}([\\d.]+)%`).exec(picture)?.[1]),
    );
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBeLessThan(1);
    expect(times.at(-1)).toBeLessThan(100);
  }
});

test('npm run demo says what is wrong with its environment and fails', async () => {
  const { S3_ACCESS_KEY: _____, ...rest } = clean;
  const env = { ...rest, S3_ENDPOINT: 'http://127.0.0.1:9' };
  const ended = run(process.execPath, ['scripts/demo.ts'], { env });
  await expect(ended).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringContaining('Set S3_ACCESS_KEY and S3_SECRET_KEY too'),
  });
});
