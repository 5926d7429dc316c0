/**
 * Entry point of the worker thread: verifies one repository and ends. All processing happens here; the main
 * thread only reads files and hands over their bytes.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { TerminalError } from '../../errors.ts';
import { Listing } from '../../storage/listing.ts';
import { MetadataFault } from '../findings/fault.ts';
import type { Version } from '../metadata/version.ts';
import { packDelegated } from '../offload/columns.ts';
import type { MainMessage, VerificationTask, WireOutcome, WorkerMessage } from '../offload/protocol.ts';
import { RemoteFailure, RemoteSource } from '../offload/remote-source.ts';
import type { Verification } from './verification.ts';
import { verifyListed } from './verify-listed.ts';

if (parentPort === null) {
  throw new Error('verify.worker runs only as a worker thread');
}
const port = parentPort;

/** Progress is for people; one message in so many keeps the main thread free. */
const PROGRESS_STEP = 64;

const send = (message: WorkerMessage): void => port.postMessage(message);

// The main thread starts this worker with exactly this; nothing else can.
const { listing, timestamp, options } = workerData as VerificationTask;
const source = new RemoteSource(port);
const stopped = new AbortController();
port.on('message', (message: MainMessage) => {
  if (message.kind === 'answers') {
    source.answer(message);
  } else {
    stopped.abort();
    source.stop();
  }
});
try {
  const verification = await verifyListed(
    source,
    Listing.fromColumns(listing),
    'code' in timestamp ? MetadataFault.from(timestamp) : timestamp,
    {
      ...options,
      signal: stopped.signal,
      onProgress: (completed, total) => {
        if (completed % PROGRESS_STEP === 0 || completed === total) {
          send({ kind: 'progress', completed, total });
        }
      },
    },
  );
  send({ kind: 'done', outcome: pack(verification) });
} catch (error) {
  if (stopped.signal.aborted) {
    // The main thread waits for the end of this thread and for nothing else.
  } else if (error instanceof RemoteFailure) {
    send({ kind: 'failed', id: error.id });
  } else if (error instanceof TerminalError) {
    send({ kind: 'rejected', code: error.code, message: error.message });
  }
  // Anything else is a programmer error: it ends the worker, and the main thread rejects with it.
  else {
    throw error;
  }
}
// With the port closed, the thread ends as soon as the thread pool has finished what it was given.
port.close();

function pack({ verdict, trusted, findings }: Verification<Version>): WireOutcome {
  if (trusted === undefined) {
    return { verdict, trusted, findings };
  }
  const { heads: _heads, delegated, ...rest } = trusted;
  return { verdict, trusted: { ...rest, delegated: packDelegated(delegated) }, findings };
}
