import type { ErrorCode } from '../../errors.ts';
import type { ListingColumns } from '../../storage/listing.ts';
import type { FaultRecord } from '../findings/fault.ts';
import type { Finding } from '../findings/finding.ts';
import type { Version } from '../metadata/version.ts';
import type { Trusted, VerifyOptions } from '../verify/verification.ts';
import type { DelegatedColumns } from './columns.ts';
import type { PackedFiles } from './packed-files.ts';

/** What the worker is started with. The source stays behind: it may hold sockets and credentials. */
export interface VerificationTask {
  readonly listing: ListingColumns;
  readonly timestamp: Uint8Array | FaultRecord;
  readonly options: Omit<VerifyOptions, 'signal' | 'onProgress'>;
}

/** Worker → main thread. */
export type WorkerMessage =
  | ({ readonly kind: 'get' } & GetRequests)
  | { readonly kind: 'progress'; readonly completed: number; readonly total: number }
  | { readonly kind: 'done'; readonly outcome: WireOutcome }
  /** The source failed; `id` is the request whose error the main thread still holds. */
  | { readonly kind: 'failed'; readonly id: number }
  /** What the caller gave was wrong, for example damaged marks. */
  | { readonly kind: 'rejected'; readonly code: ErrorCode; readonly message: string };

/** Files the worker asks for, as columns; the first has the id `firstID`, each further one the next. */
export interface GetRequests {
  readonly firstID: number;
  readonly names: readonly string[];
  readonly maxBytes: readonly number[];
}

/** Main thread → worker. */
export type MainMessage =
  | ({ readonly kind: 'answers' } & Answers)
  /** The result is no longer wanted: the worker ends at the next file. */
  | { readonly kind: 'stop' };

/** What was answered since the last message. */
export interface Answers {
  readonly files: PackedFiles;
  readonly failures: readonly GetFailure[];
}

/** A request that brought no file. */
export interface GetFailure {
  readonly id: number;
  readonly code: ErrorCode | undefined;
  readonly message: string;
}

/** A verification without its listing, and with the delegated roles as columns. */
export interface WireOutcome {
  readonly verdict: 'trusted' | 'refused';
  readonly trusted: WireTrusted | undefined;
  readonly findings: readonly Finding[];
}

/** {@link Trusted}, with the delegated roles as columns; their heads are rebuilt from these. */
export type WireTrusted = Omit<Trusted<Version>, 'delegated' | 'heads'> & {
  readonly delegated: DelegatedColumns;
};
