import { TerminalError } from '../../errors.ts';
import type { Overrides } from '../request.ts';
import { suggestion } from './closest-name.ts';

const topLevelRoles = ['root', 'targets', 'snapshot', 'timestamp'];

/**
 * Refuses a lifetime for a role that the verified metadata does not delegate to: a misspelled one would be
 * ignored, and the value it was meant for would be guessed.
 *
 * @throws TerminalError `InvalidInput`
 */
export function assertKnownRoles({ expirations }: Overrides, delegatedNames: readonly string[]): void {
  const unknown = [...(expirations?.roles?.keys() ?? [])].find((role) => !delegatedNames.includes(role));
  if (unknown !== undefined) {
    throw new TerminalError(
      'InvalidInput',
      `overrides.expirations names the role ${JSON.stringify(unknown)}, and the app has no such role. ` +
        suggestion(unknown, [...topLevelRoles, ...delegatedNames], 'roles'),
    );
  }
}
