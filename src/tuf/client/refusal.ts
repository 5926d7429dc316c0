import type { MetadataFault } from '../fault.ts';
import type { FindingCode } from '../findings.ts';

/** Why a client did not update or download. */
export class ClientRefusal extends Error {
  readonly code: FindingCode;
  readonly role: string;

  constructor(role: string, fault: MetadataFault) {
    super(`${role}: ${fault.message}`, { cause: fault });
    this.name = 'ClientRefusal';
    this.code = fault.code;
    this.role = role;
  }
}
