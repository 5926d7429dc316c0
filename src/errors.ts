/**
 * The error taxonomy of the project. What a caller may do about a failure shows in the class, never by the
 * message: retry a {@link TransientError}, stop on a {@link TerminalError}; anything else is a programmer
 * error and ends the process.
 */

/** Stable, machine-readable names of what went wrong. */
export type ErrorCode =
  // storage
  | 'AccessDenied'
  | 'NotFound'
  | 'TooLarge'
  | 'StoredEncoded'
  | 'Throttled'
  | 'StorageUnreachable'
  | 'InvalidSource'
  // metadata
  | 'MetadataRefused'
  // redis
  | 'RedisUnreachable'
  | 'RedisTimeout'
  | 'RedisLoading'
  | 'RedisReadOnly'
  | 'RedisAuthRequired'
  | 'RedisWrongPassword'
  | 'RedisNoPermission'
  | 'RedisOutOfMemory'
  | 'RedisPersistenceFailed'
  | 'RedisClusterUnsupported'
  | 'RedisTLS'
  | 'RedisUnexpectedReply'
  // input
  | 'InvalidInput'
  | 'InvalidReference'
  | 'ReferenceNotFound'
  // run
  | 'Aborted'
  | 'DeadlineExceeded';

/** Where a failure came from: who has to act on it. */
export type ErrorOrigin = 'storage' | 'metadata' | 'redis' | 'input' | 'run';

/** Total: a new code does not compile until its origin stands here. */
const origins: Readonly<Record<ErrorCode, ErrorOrigin>> = {
  AccessDenied: 'storage',
  NotFound: 'storage',
  TooLarge: 'storage',
  StoredEncoded: 'storage',
  Throttled: 'storage',
  StorageUnreachable: 'storage',
  InvalidSource: 'storage',
  MetadataRefused: 'metadata',
  RedisUnreachable: 'redis',
  RedisTimeout: 'redis',
  RedisLoading: 'redis',
  RedisReadOnly: 'redis',
  RedisAuthRequired: 'redis',
  RedisWrongPassword: 'redis',
  RedisNoPermission: 'redis',
  RedisOutOfMemory: 'redis',
  RedisPersistenceFailed: 'redis',
  RedisClusterUnsupported: 'redis',
  RedisTLS: 'redis',
  RedisUnexpectedReply: 'redis',
  InvalidInput: 'input',
  InvalidReference: 'input',
  ReferenceNotFound: 'input',
  Aborted: 'run',
  DeadlineExceeded: 'run',
};

/** Base of every error this project throws on purpose. `message` says what happened and what to do next. */
export abstract class RecoveryError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }

  get origin(): ErrorOrigin {
    return origins[this.code];
  }
}

/**
 * The same call can succeed later without any change: a timeout, a refused connection, a
 * throttle.
 */
export class TransientError extends RecoveryError {}

/** Repeating the call gives the same answer until a person changes the input, the credentials or the data. */
export class TerminalError extends RecoveryError {}

/**
 * The `code` of an error, by which Node.js tells failures of the system apart (`ENOENT`, `ECONNREFUSED`);
 * undefined without one.
 */
export function systemErrorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What an error says; the text of anything else that was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
