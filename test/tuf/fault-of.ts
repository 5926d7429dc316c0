import { type FaultRecord, MetadataFault } from '../../src/tuf/findings/fault.ts';

/** The fault that reading a file ends with; undefined when there is none. Any other error is thrown. */
export function faultOf(read: () => unknown): FaultRecord | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return recordOf(error);
  }
}

/** What a fault says. Any other error is thrown. */
export function recordOf(error: unknown): FaultRecord {
  if (error instanceof MetadataFault) {
    return error.record();
  }
  throw error;
}
