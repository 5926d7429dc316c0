import { TerminalError } from '../../errors.ts';

/** An app of the server: whose it is, and what it is called. */
export interface AppName {
  readonly adminName: string;
  readonly appName: string;
}

/**
 * Splits `ADMIN/APP`. The name of an app holds no slash, that of an admin may: the last slash separates them.
 *
 * @throws {TerminalError} `InvalidInput` when it is not of this form.
 */
export function parseAppName(typed: string): AppName {
  const slash = typed.lastIndexOf('/');
  if (slash < 1 || slash === typed.length - 1) {
    throw new TerminalError('InvalidInput', `"${typed}" is not ADMIN/APP, for example alice/tuf.`);
  }
  return { adminName: typed.slice(0, slash), appName: typed.slice(slash + 1) };
}

/** The app as people type it: `ADMIN/APP`. */
export function formatAppName({ adminName, appName }: AppName): string {
  return `${adminName}/${appName}`;
}
