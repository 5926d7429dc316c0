/**
 * Holds the verifier's verdicts under `--policy strict` against those of python-tuf and go-tuf on random,
 * randomly damaged repositories. Not part of `npm test`: it installs python-tuf into a virtual environment of
 * its own.
 *
 *   npm run fuzz:clients [-- RUNS [SEED]]   needs python3 and Go; the same seed gives the same repositories
 *
 * Fails when a client refuses what the verifier trusts, or trusts what it refuses, without a documented
 * reason.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { encodeSegment } from '../src/storage/file-encoding.ts';
import type { FindingCode } from '../src/tuf/findings/findings.ts';
import { verify } from '../src/tuf/verify/verify.ts';
import { asset } from '../test/harness/assets.ts';
import { arbitraryOptions, damage } from '../test/tuf/generator/arbitrary.ts';
import { MemorySource } from '../test/tuf/generator/memory-source.ts';
import { SeededRandom } from '../test/tuf/generator/random.ts';
import { REFERENCE_TIME, Repository } from '../test/tuf/generator/repository.ts';

const ORACLES = ['python-tuf', 'go-tuf'] as const;
type Oracle = (typeof ORACLES)[number];

/** Why the verifier refuses what a client trusts. */
const STRICTER: Readonly<Record<Oracle, readonly FindingCode[]>> = {
  // Both count one public key under two ids twice (go-tuf up to 2.4.1), and don't re-check a role for its
  // second delegator.
  'python-tuf': ['SameKeyTwice', 'NotSignedForDelegator', 'MalformedJSON', 'InvalidExpires'],
  'go-tuf': [
    ...(['SameKeyTwice', 'NotSignedForDelegator', 'MalformedJSON'] as const),
    // It checks neither names of roles nor the version of the format.
    ...([
      'DuplicateRole',
      'ReservedRoleName',
      'UnsupportedSpecVersion',
      'MixedDelegations',
      'InvalidMetadata',
    ] as const),
  ],
};

/** What the verifier reports when it trusts what a client refuses. */
const LAXER: Readonly<Record<Oracle, readonly FindingCode[]>> = {
  // It reads no fractions of seconds, no offsets, one kind of paths, and each kind of key in one encoding, as
  // the server does.
  'python-tuf': [
    'UnusualExpires',
    'ServerWouldRefuse',
    'AmbiguousPaths',
    'DuplicateJSONKey',
    'AmbiguousMemberName',
  ],
  'go-tuf': ['ServerWouldRefuse', 'AmbiguousMemberName', 'DuplicateJSONKey', 'IntegerTooLarge'],
};

const [runs = '300', seed = String(Date.now())] = process.argv.slice(2);
const python = startPython();
const tally: Record<string, number> = {};
const unexplained: string[] = [];
console.log(`${runs} repositories, seed ${seed}`);
for (let run = 0; run < Number(runs); run++) {
  await compare(run);
}
python.end();
console.table(tally);
for (const line of unexplained) {
  console.error(line);
}
process.exitCode = unexplained.length > 0 ? 1 : 0;

async function compare(run: number): Promise<void> {
  const random = new SeededRandom(`${seed}/${run}`);
  const repository = new Repository(arbitraryOptions(random, random.integer(5) === 0));
  const damages = Array.from({ length: random.integer(3) }, () => damage(random, repository));
  const files = repository.seal();
  const { verdict, findings } = await verify(new MemorySource(files), {
    anchor: { kind: 'root', bytes: files.get('1.root.json') ?? Buffer.alloc(0) },
    now: REFERENCE_TIME,
    policy: { mode: 'strict' },
  });
  const codes = new Set<string>(findings.map(({ code }) => code));
  const directory = mkdtempSync(join(tmpdir(), 'fuzz-clients-'));
  try {
    for (const [name, bytes] of files) {
      writeFileSync(join(directory, encodeSegment(name)), bytes);
    }
    for (const oracle of ORACLES) {
      const answer = await (oracle === 'python-tuf' ? python.ask(directory) : askGo(directory));
      const accepts = answer.startsWith('accept');
      const outcome = `${oracle} ${accepts ? 'accepts' : 'refuses'}, verify ${verdict}`;
      tally[outcome] = (tally[outcome] ?? 0) + 1;
      const reasons = accepts ? STRICTER[oracle] : LAXER[oracle];
      if (accepts !== (verdict === 'trusted') && !reasons.some((code) => codes.has(code))) {
        unexplained.push(
          `run ${run} (seed ${seed}): ${damages.join(', ')}: ${outcome}; ${answer}; findings: ${[...codes].join(' ')} ${findings[0]?.detail ?? ''}`,
        );
      }
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function askGo(directory: string): Promise<string> {
  const { stdout } = await promisify(execFile)(asset('gotuf'), [
    'client',
    directory,
    REFERENCE_TIME.toISOString(),
  ]);
  // The program prints exactly this shape.
  const { verdict, reason } = JSON.parse(stdout) as { verdict: string; reason?: string };
  return `${verdict} ${reason ?? ''}`;
}

/** One process for all repositories: importing the library takes longer than verifying. */
function startPython() {
  const environment = join(
    process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
    'tuf-recovery-operator',
    'python-tuf',
  );
  const folder = join(import.meta.dirname, '..', 'test', 'substrate', 'python-tuf');
  const program = join(environment, 'bin', 'python');
  if (!existsSync(program)) {
    execFileSync('python3', ['-m', 'venv', environment], { stdio: 'inherit' });
    execFileSync(program, ['-m', 'pip', 'install', '--quiet', '-r', join(folder, 'requirements.txt')], {
      stdio: 'inherit',
    });
  }
  const child = spawn(program, [join(folder, 'client.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(directory: string): Promise<string> {
      child.stdin.write(`${directory} ${REFERENCE_TIME.toISOString()}\n`);
      const { value } = await answers.next();
      return String(value);
    },
    end: (): void => {
      child.stdin.end();
    },
  };
}
