import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cachedBinary, lockDirectory } from './cache.mjs';
import { SetupFailure } from './failure.mjs';
import { findOnPath, isExecutable } from './locate.mjs';
import { withLock } from './lock.mjs';
import { writeShiftableTime } from './shiftable-time.mjs';

const run = promisify(execFile);
const MINIMUM = /** @type {const} */ ([1, 26]);
const SHOWN_ERROR_LINES = 15;

/**
 * Builds a part from the Go module proxy into the cache, proves that it runs, and returns its path. At once
 * when it is there already.
 *
 * @param {import('./parts.mjs').GoPart} part
 * @param {import('./progress.mjs').Progress} progress
 * @returns {Promise<string>}
 */
export async function ensureGoPart(part, progress) {
  const target = cachedBinary(part.name, part.version);
  if (isExecutable(target)) {
    return target;
  }
  const step = progress.start(`${part.name} ${part.version}`, `building, ${part.effort} on two cores`);
  try {
    await withLock(
      lockDirectory(),
      // One build at a time: every one of them takes all cores, and the big ones some GB of memory.
      'go-build',
      async () => {
        if (!isExecutable(target)) {
          step.note(`building, ${part.effort} on two cores`);
          await build(part, target);
        }
      },
      () => step.note('waiting for the build of another set-up'),
    );
    step.done('built');
    return target;
  } catch (error) {
    step.failed();
    throw error;
  }
}

/**
 * @param {import('./parts.mjs').GoPart} part
 * @param {string} target
 */
async function build(part, target) {
  const { go, upToDate } = await findGo(part);
  await mkdir(dirname(target), { recursive: true });
  const draft = `${target}.${process.pid}.tmp`;
  const environment = {
    ...process.env,
    CGO_ENABLED: part.cgo === true ? '1' : '0',
    GOFLAGS: '',
    GOWORK: 'off',
    // An older Go may fetch the toolchain that the go.mod asks for; a new enough one must not want to.
    ...(upToDate ? { GOTOOLCHAIN: 'local' } : {}),
  };
  const flags = [
    '-trimpath',
    '-buildvcs=false',
    '-mod=readonly',
    `-ldflags=-s -w ${part.ldflags}`,
    `-tags=${part.tags ?? ''}`,
  ];
  const scratch = await mkdtemp(join(tmpdir(), 'tuf-recovery-build-'));
  try {
    if (part.shiftableTime) {
      flags.push(`-overlay=${await writeShiftableTime(go, environment, part.directory, scratch)}`);
    }
    await runShowingErrors(part, go, ['build', ...flags, '-o', draft, part.package], environment);
    await proveItRuns(part, draft);
    await rename(draft, target);
  } finally {
    await rm(draft, { force: true });
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * Runs the binary and looks for its version: a build that makes something else than the program can succeed
 * too.
 *
 * @param {import('./parts.mjs').GoPart} part
 * @param {string} path
 * @returns {Promise<void>}
 */
export async function proveItRuns(part, path) {
  let output;
  try {
    const { stdout, stderr } = await run(path, [...part.versionArgs]);
    output = stdout + stderr;
  } catch (error) {
    throw new SetupFailure(
      `${part.name} doesn't run: ${path} ${part.versionArgs.join(' ')} failed: ${error}`,
    );
  }
  if (!output.includes(part.expected)) {
    throw new SetupFailure(`${path} should call itself ${part.expected}, but says:\n${output.trim()}`);
  }
}

/** @param {import('./parts.mjs').GoPart} part */
async function findGo(part) {
  const go = findOnPath('go');
  const needed = MINIMUM.join('.');
  const assets =
    part.override === 'KUBEBUILDER_ASSETS'
      ? "\nOr name a folder with envtest's binaries (https://book.kubebuilder.io/reference/envtest) in KUBEBUILDER_ASSETS."
      : '';
  const install = `Install Go ${needed} or newer: brew install go (macOS), or see https://go.dev/doc/install${assets}`;
  if (!go) {
    throw new SetupFailure(`${part.name} is missing and Go, which builds it, isn't on PATH.\n${install}`);
  }
  const { stdout } = await run(go, ['env', 'GOVERSION'], { env: { ...process.env, GOTOOLCHAIN: 'local' } });
  const [major, minor] = (stdout.match(/^go(\d+)\.(\d+)/)?.slice(1) ?? ['0', '0']).map(Number);
  const upToDate = Number(major) > MINIMUM[0] || (major === MINIMUM[0] && Number(minor) >= MINIMUM[1]);
  // Go learned to fetch a newer toolchain in 1.21.
  if (!upToDate && (major !== 1 || Number(minor) < 21)) {
    throw new SetupFailure(`${part.name} needs Go ${needed}, but ${go} is ${stdout.trim()}.\n${install}`);
  }
  return { go, upToDate };
}

/**
 * @param {import('./parts.mjs').GoPart} part
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<void>}
 */
function runShowingErrors(part, command, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: part.directory, env, stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) {
        resolve();
      } else {
        const end = errors.trim().split('\n').slice(-SHOWN_ERROR_LINES).join('\n');
        reject(
          new SetupFailure(
            `${part.name} ${part.version} can't be built (exit code ${code}).\n` +
              `Repeat it: cd ${part.directory} && CGO_ENABLED=${part.cgo === true ? 1 : 0} go build -trimpath ${part.package}\n${end}`,
          ),
        );
      }
    });
  });
}
