import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Version } from '../../src/tuf/metadata/version.ts';
import type { HighWaterMarks, TrustAnchor } from '../../src/tuf/verify/verification.ts';

/** Heads as the corpus writes them. */
export interface ExpectedHeads {
  readonly root: Version;
  readonly timestamp: Version;
  readonly snapshot: Version;
  readonly targets: Version;
  readonly delegated?: Readonly<Record<string, Version>>;
}

/** What one policy must say about a case. */
export interface Expectation {
  readonly verdict: 'accept' | 'refuse' | 'either';
  readonly row?: number | null;
  readonly code?: string | null;
  readonly alsoAcceptable?: readonly string[];
  readonly heads?: ExpectedHeads;
  readonly altVerdict?: string;
  readonly reports?: {
    readonly expired?: readonly string[];
    readonly aboveHead?: readonly string[];
    readonly undelegated?: readonly string[];
  };
}

/** One repository at rest with its verdicts. */
export interface CorpusCase {
  readonly id: string;
  readonly description: string;
  readonly dir: string;
  readonly pinnedRoot: { readonly file: string; readonly sha256: string; readonly version: number };
  readonly referenceTime: string;
  readonly trustedDir?: string;
  readonly marks?: Readonly<Record<'timestamp' | 'snapshot', { version: number; sha256: string }>>;
  readonly expected: Readonly<Record<'strict' | 'recovery', Expectation>>;
}

const BASE = fileURLToPath(new URL('../../../shared/data/corpus/', import.meta.url));

/** Every case of the corpus. A missing corpus is an error: without it these tests would promise nothing. */
export function loadCorpus(): readonly CorpusCase[] {
  if (!existsSync(`${BASE}CASES.json`)) {
    throw new Error(
      `The corpus is missing: expected CASES.json in ${BASE}. Check out the shared data beside this repository.`,
    );
  }
  const text = readFileSync(`${BASE}CASES.json`, 'utf8');
  return (JSON.parse(text, exactIntegers) as { cases: CorpusCase[] }).cases;
}

/** Reviver: JSON.parse would round the versions that some cases are about. */
function exactIntegers(_key: string, value: unknown, { source }: { source?: string } = {}): unknown {
  const isLarge = typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined;
  return isLarge && /^\d+$/.test(source) ? BigInt(source) : value;
}

/** Path of a file or directory of the corpus. */
export function corpusPath(relative: string): string {
  return `${BASE}${relative}`;
}

/** The pin of a case: by digest when the pinned file lies in the bucket, by its bytes otherwise. */
export function anchorOf({ pinnedRoot, dir }: CorpusCase): TrustAnchor {
  if (pinnedRoot.file.startsWith(`${dir}/`)) {
    return { kind: 'sha256', sha256: pinnedRoot.sha256 };
  }
  return { kind: 'root', bytes: readFileSync(corpusPath(pinnedRoot.file)) };
}

/** What was trusted before the case's state. */
export function marksOf({ marks, trustedDir }: CorpusCase): HighWaterMarks | undefined {
  if (marks === undefined || trustedDir === undefined) {
    return undefined;
  }
  return {
    ...marks,
    timestampBytes: readFileSync(corpusPath(`${trustedDir}/timestamp.json`)),
    snapshotBytes: readFileSync(corpusPath(`${trustedDir}/snapshot.json`)),
  };
}
