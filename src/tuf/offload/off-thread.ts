import { Worker } from 'node:worker_threads';
import { forEachInTurns } from '../../async/in-turns.ts';
import { errorMessage, RecoveryError, TerminalError } from '../../errors.ts';
import type { Listing } from '../../storage/listing.ts';
import type { MetadataSource } from '../../storage/source.ts';
import { MetadataFault } from '../findings/fault.ts';
import { FindingList } from '../findings/finding-list.ts';
import type { Version } from '../metadata/version.ts';
import type {
  RoleFacts,
  RootFacts,
  Trusted,
  Verification,
  VerifyOptions,
  VerifyPolicy,
} from '../verify/verification.ts';
import { unpackDelegated } from './columns.ts';
import { Outbox } from './outbox.ts';
import { buffersOf, packFiles, type ReadFile } from './packed-files.ts';
import type {
  GetFailure,
  MainMessage,
  VerificationTask,
  WireOutcome,
  WireTrusted,
  WorkerMessage,
} from './protocol.ts';

/**
 * What the worker's JavaScript heap may take, in MiB; the bytes of files lie outside of it and are bounded by
 * LIMITS. 65,536 roles, the most that are read, need half of it.
 */
const RESOURCES = { maxOldGenerationSizeMb: 224, maxYoungGenerationSizeMb: 24 } as const;

/** How long a worker may take to look up from the file it is working on. */
const STOP_GRACE_MS = 20_000;

/**
 * Verifies in a worker thread, so that the event loop stays free while thousands of signatures are checked.
 * Reads go through the caller's source on this thread; its errors reject with the error itself.
 */
export async function verifyOffThread(
  url: URL,
  source: Pick<MetadataSource, 'get'>,
  listing: Listing,
  timestamp: Uint8Array | MetadataFault,
  { signal, onProgress, ...options }: VerifyOptions,
): Promise<Verification<Version>> {
  const task: VerificationTask = {
    listing: listing.columns(),
    timestamp: timestamp instanceof MetadataFault ? timestamp.record() : timestamp,
    options,
  };
  signal?.throwIfAborted();
  const worker = new Worker(url, { workerData: task, name: 'tuf-verify', resourceLimits: RESOURCES });
  const errors = new Map<number, unknown>();
  const answers = new Outbox<ReadFile | GetFailure>((batch) => {
    const files = packFiles(batch.filter((item) => 'bytes' in item));
    const failures = batch.filter((item) => 'message' in item);
    worker.postMessage({ kind: 'answers', files, failures } satisfies MainMessage, buffersOf(files));
  });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));

  /** Never rejects: a failure is the answer. */
  async function answer(id: number, name: string, maxBytes: number): Promise<void> {
    try {
      const bytes = await source.get(name, { maxBytes, ...(signal === undefined ? {} : { signal }) });
      answers.put({ id, bytes });
    } catch (error) {
      errors.set(id, error);
      const code = error instanceof RecoveryError ? error.code : undefined;
      answers.put({ id, code, message: errorMessage(error) });
    }
  }

  const result = new Promise<Verification<Version>>((resolve, reject) => {
    const abort = (): void => reject(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    worker.once('error', (error) => {
      if (isExhaustion(error)) {
        resolve(exhausted(listing, options.policy));
      } else {
        reject(error);
      }
    });
    worker.once('exit', (code) => {
      signal?.removeEventListener('abort', abort);
      reject(new Error(`the verifier's worker ended early, with code ${code}`));
    });
    worker.on('message', (message: WorkerMessage) => {
      if (message.kind === 'get') {
        for (const [i, name] of message.names.entries()) {
          void answer(message.firstID + i, name, message.maxBytes[i] ?? 0);
        }
      } else if (message.kind === 'progress') {
        onProgress?.(message.completed, message.total);
      } else if (message.kind === 'failed') {
        reject(errors.get(message.id));
      } else if (message.kind === 'rejected') {
        reject(new TerminalError(message.code, message.message));
      } else {
        resolve(unpack(message.outcome, listing));
      }
    });
  });
  return result.finally(() => endOf(worker, exited));
}

/**
 * Lets a worker that is not needed any more end its own thread. `terminate()` is only for one that hangs: to
 * tear a thread down while the thread pool checks signatures for it can crash the whole process. After the
 * grace, nothing of it is in the pool any more, where a check takes milliseconds.
 */
async function endOf(worker: Worker, exited: Promise<void>): Promise<void> {
  worker.postMessage({ kind: 'stop' } satisfies MainMessage);
  const hangs = setTimeout(() => void worker.terminate(), STOP_GRACE_MS);
  await exited;
  clearTimeout(hangs);
}

/** Node's code for a thread that reached the end of its heap. */
function isExhaustion(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}

/** The verdict about a repository that can't be verified within the memory a verification may take. */
function exhausted(listing: Listing, policy: VerifyPolicy): Verification<Version> {
  const findings = new FindingList(policy);
  findings.add('LimitExceeded', {
    role: 'targets',
    detail: `verifying the repository takes more than ${RESOURCES.maxOldGenerationSizeMb} MiB of objects`,
  });
  return { verdict: 'refused', trusted: undefined, findings: findings.sorted(), listing };
}

async function unpack(
  { verdict, trusted, findings }: WireOutcome,
  listing: Listing,
): Promise<Verification<Version>> {
  return {
    verdict,
    trusted: trusted === undefined ? undefined : await unpackTrusted(trusted, listing),
    findings,
    listing,
  };
}

/** Objects of the listing crossed as copies; the caller gets the listing's own. */
async function unpackTrusted(wire: WireTrusted, listing: Listing): Promise<Trusted<Version>> {
  const own = <T extends RoleFacts<Version> | RootFacts<Version>>(facts: T): T => ({
    ...facts,
    object: facts.object === undefined ? undefined : listing.get(facts.object.name),
  });
  const delegated = await unpackDelegated(wire.delegated, listing);
  const versions = new Map<string, Version>();
  await forEachInTurns(delegated, ({ role, version }) => versions.set(role, version));
  const { root, timestamp, snapshot, targets } = wire;
  return {
    heads: {
      root: root.version,
      timestamp: timestamp.version,
      snapshot: snapshot.version,
      targets: targets.version,
      delegated: versions,
    },
    firstRoot: wire.firstRoot === undefined ? undefined : own(wire.firstRoot),
    root: own(root),
    timestamp: own(timestamp),
    snapshot: own(snapshot),
    targets: own(targets),
    delegated,
    delegatedNames: wire.delegatedNames,
  };
}
