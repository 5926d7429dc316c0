import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { follow } from '../docs/follow.ts';
import { transcriptOf } from '../docs/transcript.ts';
import { asset } from '../harness/assets.ts';
import { sameClock } from '../harness/clock.ts';
import { poll } from '../harness/poll.ts';
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

/** The demo with `--keep`, as a process that Ctrl-C ends. */
function startKept(): AsyncDisposable & {
  readonly code: Promise<number | null>;
  stdout(): string;
  interrupt(): void;
} {
  const child = spawn(process.execPath, ['scripts/demo.ts', '--keep'], {
    env: clean,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  const closed = once(child, 'close');
  return {
    code: closed.then(() => child.exitCode),
    stdout: () => stdout,
    interrupt: () => child.kill('SIGINT'),
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null) {
        child.kill('SIGINT');
        await closed;
      }
    },
  };
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

test('a demo that is kept prints what a reader of the quickstart pastes into a second terminal', async () => {
  await using demo = startKept();
  const shown = await poll(
    'the demo to be kept',
    () => demo.stdout().includes('tuf-recovery status\n') && demo.stdout(),
  );
  // What is there already is not built, and the engine not shown first.
  expect(shown).toContain(`✓ ${recovered}: the marker names this run, all others are as they were`);
  expect(shown).toContain('3  Five lines of YAML');
  expect(shown).not.toContain('Now on Kubernetes');

  const pasted = shown.match(/^ *export .*\n/gm)?.join('') ?? '';
  await using home = await temporaryDirectory('reader');
  // Nothing but redis-cli, where the test knows of one, beside what every system has.
  const PATH = `${dirname(process.execPath)}:/usr/bin:/bin:${dirname(asset('redis-server'))}`;
  const env = { HOME: home.path, PATH, ...sameClock() };
  const { stdout } = await run('bash', ['-c', `${pasted}env`], { env });
  const exported = new Map(
    stdout.split('\n').map((line) => [line.split('=', 1)[0], line.replace(/^[^=]*=/, '')]),
  );
  const page = await transcriptOf('docs/quickstart.md', 'Break it and repair it yourself');
  const names = page.flatMap((step) => (step.kind === 'values' ? step.names : []));
  expect(pasted.match(/(?<=export )\w+/g)).toEqual(names);
  const values = Object.fromEntries(names.map((name) => [name, exported.get(name) ?? '']));
  await follow(page, { env, values });

  // It runs outside of the cluster, where no Deployment shows it.
  const checked = await run('kubectl', ['tuf-recovery', 'check'], { env: { ...env, ...values } });
  expect(checked.stdout).toMatch(/^✓ Controller +\S+ runs without a Deployment/m);
  expect(checked.stdout).toMatch(/, 0 failed/);

  demo.interrupt();
  expect(await demo.code).toBe(0);
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
