import { TerminalError } from '../../errors.ts';
import { MetadataFault } from '../findings/fault.ts';
import { type OpenedFile, openFile } from '../metadata/envelope.ts';
import type { MetadataType } from '../metadata/metadata-type.ts';

/**
 * Opens a file that the caller says was verified before. It is read as leniently as it may have been then.
 *
 * @throws {TerminalError} `InvalidInput` when it is no metadata of that type: then the marks, not the bucket,
 *   are damaged
 */
export function openPreviouslyVerified<T>(
  bytes: Uint8Array,
  type: MetadataType,
  parse: (file: OpenedFile) => T,
): T {
  try {
    return parse(openFile(bytes, type, 'last-wins'));
  } catch (error) {
    if (!(error instanceof MetadataFault)) {
      throw error;
    }
    throw new TerminalError(
      'InvalidInput',
      `The remembered ${type} is damaged (${error.message}). Remove it from the high-water marks, or restore it.`,
      { cause: error },
    );
  }
}
