import type { FindingCode } from './findings.ts';
import { shorten } from './text.ts';

/** Longest message of a fault, in UTF-16 units: what it quotes is cut before, this is the last line. */
const MAX_MESSAGE = 1000;

/** A fault in a form that crosses a thread boundary. */
export interface FaultRecord {
  readonly code: FindingCode;
  readonly message: string;
}

/**
 * A file that fails a check. Thrown inside the verifier by the code that reads one file and turned into a
 * `Finding` by the code that knows whose file it is; never leaves `src/tuf`.
 */
export class MetadataFault extends Error {
  readonly code: FindingCode;

  /** `message`: what is wrong, without naming the role (the finding adds it). */
  constructor(code: FindingCode, message: string, options?: ErrorOptions) {
    super(shorten(message, MAX_MESSAGE), options);
    this.name = 'MetadataFault';
    this.code = code;
  }

  static from({ code, message }: FaultRecord): MetadataFault {
    return new MetadataFault(code, message);
  }

  record(): FaultRecord {
    return { code: this.code, message: this.message };
  }
}
