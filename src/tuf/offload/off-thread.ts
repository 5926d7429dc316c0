import { Worker } from 'node:worker_threads';
import { RecoveryError, TerminalError } from '../../errors.ts';
import type { ListedObject, MetadataSource } from '../../storage/source.ts';
import { MetadataFault } from '../findings/fault.ts';
import type { RoleFacts, RootFacts, Trusted, Verification, VerifyOptions } from '../verify/verification.ts';
import { packListing, unpackDelegated } from './columns.ts';
import { Outbox } from './outbox.ts';
import { buffersOf, packFiles, type ReadFile } from './packed-files.ts';
import type { GetFailure, MainMessage, Task, WireOutcome, WireTrusted, WorkerMessage } from './protocol.ts';

/**
 * Verifies in a worker thread, so that the event loop stays free while thousands of signatures are checked. Reads
 * go through the caller's source on this thread; its errors reject with the error itself.
 */
export function verifyOffThread(
  url: URL,
  source: MetadataSource,
  listing: readonly ListedObject[],
  timestamp: Uint8Array | MetadataFault,
  { signal, onProgress, ...options }: VerifyOptions,
): Promise<Verification> {
  const task: Task = {
    listing: packListing(listing),
    timestamp: timestamp instanceof MetadataFault ? timestamp.record() : timestamp,
    options,
  };
  const worker = new Worker(url, { workerData: task, name: 'tuf-verify' });
  const errors = new Map<number, unknown>();
  const answers = new Outbox<ReadFile | GetFailure>((batch) => {
    const files = packFiles(batch.filter((item) => 'bytes' in item));
    const failures = batch.filter((item) => 'message' in item);
    worker.postMessage({ files, failures } satisfies MainMessage, buffersOf(files));
  });

  /** Never rejects: a failure is the answer. */
  async function answer(id: number, name: string, maxBytes: number): Promise<void> {
    try {
      const bytes = await source.get(name, { maxBytes, ...(signal === undefined ? {} : { signal }) });
      answers.put({ id, bytes });
    } catch (error) {
      errors.set(id, error);
      const code = error instanceof RecoveryError ? error.code : undefined;
      answers.put({ id, code, message: String(error) });
    }
  }

  const result = new Promise<Verification>((resolve, reject) => {
    const abort = (): void => reject(signal?.reason);
    if (signal?.aborted === true) {
      abort();
    }
    signal?.addEventListener('abort', abort, { once: true });
    worker.once('error', reject);
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
  return result.finally(() => worker.terminate());
}

function unpack({ verdict, trusted, findings }: WireOutcome, listing: readonly ListedObject[]): Verification {
  return {
    verdict,
    trusted: trusted === undefined ? undefined : unpackTrusted(trusted, listing),
    findings,
    listing,
  };
}

/** Objects of the listing crossed as copies; the caller gets the listing's own. */
function unpackTrusted(wire: WireTrusted, listing: readonly ListedObject[]): Trusted {
  const objects = new Map(listing.map((object) => [object.name, object]));
  const own = <T extends RoleFacts | RootFacts>(facts: T): T => ({
    ...facts,
    object: facts.object === undefined ? undefined : objects.get(facts.object.name),
  });
  const delegated = unpackDelegated(wire.delegated, objects);
  const { root, timestamp, snapshot, targets } = wire;
  return {
    heads: {
      root: root.version,
      timestamp: timestamp.version,
      snapshot: snapshot.version,
      targets: targets.version,
      delegated: new Map(delegated.map(({ role, version }) => [role, version])),
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
