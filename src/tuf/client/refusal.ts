import { TerminalError } from '../../errors.ts';
import { MetadataFault } from '../findings/fault.ts';
import type { FindingCode } from '../findings/findings.ts';

const TRY_ELSEWHERE =
  'What was trusted before is unchanged. Try another mirror, or tell the owner of the repository.';

/** Why a client did not update: metadata that did not verify. */
export class ClientRefusal extends TerminalError {
  /** The kind of finding the verifier would report. */
  readonly finding: FindingCode;
  /** Whose metadata. */
  readonly role: string;

  /** @param next what a person can do about it, as a sentence */
  constructor(role: string, fault: MetadataFault, next = TRY_ELSEWHERE) {
    super(
      'MetadataRefused',
      `The metadata of ${role} is refused: ${fault.message} (${fault.code}). ${next}`,
      {
        cause: fault,
      },
    );
    this.finding = fault.code;
    this.role = role;
  }
}

/** Runs a step of the workflow and says whose metadata a fault in it is about. @throws ClientRefusal */
export async function attributingTo<T>(role: string, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw error instanceof MetadataFault ? new ClientRefusal(role, error) : error;
  }
}
