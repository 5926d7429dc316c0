import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import packageJSON from '../../package.json' with { type: 'json' };
import { temporaryDirectory } from '../harness/temporary-directory.ts';

const WORKFLOWS = '.github/workflows';
const RELEASE = join(WORKFLOWS, 'release.yml');
const VERIFY = 'docs/tasks/verify-release.md';
const REPOSITORY = 'tuf-recovery-operator/tuf-recovery-operator';

interface Workflow {
  readonly env?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, { readonly steps: readonly { name?: string; run?: string }[] }>>;
}

async function workflow(path: string): Promise<Workflow> {
  return parse(await readFile(path, 'utf8'));
}

/** The commands of a workflow, step by step. */
async function commands(path: string): Promise<readonly string[]> {
  return Object.values((await workflow(path)).jobs).flatMap(({ steps }) =>
    steps.flatMap(({ run }) => run ?? []),
  );
}

/** The step of the release that says this, as a script for bash. */
async function releaseStep(text: string): Promise<string> {
  const found = (await commands(RELEASE)).find((script) => script.includes(text));
  if (found === undefined) {
    throw new Error(`No step of the release says ${text}`);
  }
  return found;
}

/** Runs a script as a step runs: it stops at the first failure. */
async function bash(
  script: string,
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const shell = ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script];
  const { stdout } = await promisify(execFile)('bash', shell, { cwd, env: { ...process.env, ...env } });
  return stdout;
}

describe('the workflows', () => {
  test('use only actions that are pinned to a commit, with the version beside it', async () => {
    for (const name of await readdir(WORKFLOWS)) {
      const text = await readFile(join(WORKFLOWS, name), 'utf8');
      expect(parse(text), name).toHaveProperty('permissions.contents', 'read');
      for (const line of text.split('\n').filter((each) => each.includes('uses:'))) {
        expect(line, name).toMatch(/uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
      }
    }
  });

  test('run only scripts that exist', async () => {
    const scripts = new Map(Object.entries(packageJSON.scripts));
    for (const name of await readdir(WORKFLOWS)) {
      const text = (await commands(join(WORKFLOWS, name))).join('\n');
      for (const [, script = ''] of text.matchAll(/npm run ([\w:-]+)/g)) {
        expect(scripts.has(script), `${name}: npm run ${script}`).toBe(true);
      }
      for (const [, path = ''] of text.matchAll(/node (scripts\/\S+)/g)) {
        expect(existsSync(path), `${name}: node ${path}`).toBe(true);
      }
    }
  });

  test('build the image with Docker and without, and try it on a cluster', async () => {
    const text = (await commands(join(WORKFLOWS, 'ci.yml'))).join('\n');
    for (const command of [
      'docker build ',
      'npm run image',
      'scripts/compare-images.ts',
      'npm run e2e:kind',
    ]) {
      expect(text).toContain(command);
    }
  });
});

describe('the release', () => {
  test('continues only when the tag, package.json and the chart name one version', async () => {
    await using directory = await temporaryDirectory('release');
    const script = await releaseStep('GITHUB_REF_NAME#v');
    const variables = join(directory.path, 'variables');
    const tagged = (tag: string) =>
      bash(script, process.cwd(), { GITHUB_REF_NAME: tag, GITHUB_ENV: variables });
    await tagged(`v${packageJSON.version}`);
    expect(await readFile(variables, 'utf8')).toBe(`VERSION=${packageJSON.version}\n`);
    await expect(tagged('v99.0.0')).rejects.toThrow();
  });

  test('has checksums that the documented command checks', async () => {
    await using directory = await temporaryDirectory('release');
    const out = join(directory.path, 'out');
    await mkdir(out);
    await writeFile(join(out, 'install.yaml'), 'a');
    await writeFile(join(out, 'chart.tgz'), 'b');
    const [sums = ''] = /\(cd out && sha256sum .+\)/.exec(await releaseStep('sha256sum')) ?? [];
    await bash(sums, directory.path);
    const [check = ''] = /^sha256sum --check .+$/m.exec(await readFile(VERIFY, 'utf8')) ?? [];
    expect(await bash(check, out)).toBe('chart.tgz: OK\ninstall.yaml: OK\n');
    await writeFile(join(out, 'install.yaml'), 'changed');
    await expect(bash(check, out)).rejects.toThrow(/did NOT match/);
  });
});

describe('the documented checks of a release', () => {
  test('name what the release workflow signs and publishes', async () => {
    const page = await readFile(VERIFY, 'utf8');
    const text = (await commands(RELEASE)).join('\n');
    const { env = {} } = await workflow(RELEASE);
    const filled = (value = ''): string =>
      value
        .replaceAll(`\${{ github.repository }}`, REPOSITORY)
        .replaceAll(`\${{ github.repository_owner }}`, REPOSITORY.replace(/\/.*/, ''));
    expect(page).toContain(`REPOSITORY=${REPOSITORY}`);
    expect(filled(env['IMAGE'])).toBe(`ghcr.io/${REPOSITORY}`);
    expect(page).toContain(`${filled(env['CHARTS'])}/tuf-recovery-operator:$VERSION`);
    // The certificate names the workflow's file and the tag it runs for.
    expect(page).toContain(`/${RELEASE}@refs/tags/v$VERSION`);
    expect(await readFile(RELEASE, 'utf8')).toContain('tags: ["v*.*.*"]');
    for (const [signs, checks] of [
      ['cosign sign --yes "$IMAGE@$DIGEST"', 'cosign verify "ghcr.io/$REPOSITORY:$VERSION"'],
      [
        'cosign attest --yes --type cyclonedx',
        'cosign verify-attestation "ghcr.io/$REPOSITORY:$VERSION" --type cyclonedx',
      ],
      [
        'cosign sign --yes "$CHARTS/tuf-recovery-operator@$digest"',
        'cosign verify "ghcr.io/tuf-recovery-operator/charts',
      ],
      [
        'cosign sign-blob --yes --bundle out/SHA256SUMS.sigstore.json out/SHA256SUMS',
        'cosign verify-blob SHA256SUMS --bundle SHA256SUMS.sigstore.json',
      ],
      ['out/tuf-recovery-operator.cdx.json', 'release/tuf-recovery-operator.cdx.json'],
    ] as const) {
      expect(text).toContain(signs);
      expect(page).toContain(checks);
    }
  });

  test('are what the notes of a release point to', async () => {
    const [, path = ''] =
      /\/blob\/main\/(\S+\.md)\)/.exec(await readFile('.github/release-notes.md', 'utf8')) ?? [];
    expect(path).toBe(VERIFY);
    expect(await releaseStep('gh release create')).toContain('--notes-file .github/release-notes.md');
  });

  test('use only scripts of this repository that exist', async () => {
    const page = await readFile(VERIFY, 'utf8');
    for (const [, path = ''] of page.matchAll(/^node (scripts\/\S+)/gm)) {
      expect(existsSync(path), path).toBe(true);
    }
    const scripts = new Map(Object.entries(packageJSON.scripts));
    for (const [, script = ''] of page.matchAll(/^npm run ([\w:-]+)/gm)) {
      expect(scripts.has(script), script).toBe(true);
    }
  });
});
