import { TerminalError } from '../../errors.ts';
import { terminalText } from '../output/terminal-text.ts';

/** Apps that are named when the one asked for is not among them. */
const mostNamed = 20;

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

/** A sentence with the apps there are, for a person who named another one. */
export function knownAppsText(apps: readonly AppName[]): string {
  const names = [...new Set(apps.map(formatAppName))].sort();
  if (names.length === 0) {
    return 'No app is. Look in all namespaces: kubectl tuf-recovery status -A';
  }
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : '';
  return `Known are: ${terminalText(names.slice(0, mostNamed).join(', '))}${more}.`;
}

/** The same for a name that is misspelt more often than it is new. */
export function knownAppsHint(apps: readonly AppName[]): string {
  return `${knownAppsText(apps)} Upper and lower case count.`;
}
