import { TerminalError } from '../../errors.ts';
import type { MetadataFault } from '../fault.ts';
import type { FindingCode } from '../findings.ts';

/** Why a client did not update or download: metadata or an artifact that did not verify. */
export class ClientRefusal extends TerminalError {
  /** The kind of finding the verifier would report. */
  readonly finding: FindingCode;
  /** Whose metadata, or which artifact. */
  readonly role: string;

  constructor(role: string, fault: MetadataFault) {
    super('MetadataRefused', `${fault.code}: ${role}: ${fault.message}`, { cause: fault });
    this.finding = fault.code;
    this.role = role;
  }
}
