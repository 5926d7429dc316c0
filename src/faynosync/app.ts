import { TerminalError } from '../errors.ts';

/** Which app of the server: one tenant's application. */
export interface App {
  /** Free text without control characters, at most 253 characters. */
  readonly adminName: string;
  /** `^[a-zA-Z0-9][a-zA-Z0-9-]*$`, as the server demands. */
  readonly appName: string;
}

const MAX_ADMIN_NAME = 253;
/** Characters of a refused name that are repeated. */
const SHOWN = 80;
const appNamePattern = /^[a-zA-Z0-9][a-zA-Z0-9-]*$/;
const controlCharacter = /\p{Cc}/u;

/** Whether the names can be an app of the server, spelled as they are. */
export function isValidApp({ adminName, appName }: App): boolean {
  return (
    appNamePattern.test(appName) &&
    adminName !== '' &&
    adminName.length <= MAX_ADMIN_NAME &&
    !controlCharacter.test(adminName)
  );
}

/** @throws TerminalError `InvalidInput` when the names cannot be an app of the server */
export function assertApp({ adminName, appName }: App): void {
  if (!appNamePattern.test(appName)) {
    throw new TerminalError(
      'InvalidInput',
      `appName ${JSON.stringify(appName.slice(0, SHOWN))} is invalid: use letters, digits and hyphens, starting with a letter or digit.`,
    );
  }
  if (adminName === '' || adminName.length > MAX_ADMIN_NAME || controlCharacter.test(adminName)) {
    throw new TerminalError(
      'InvalidInput',
      `adminName ${JSON.stringify(adminName.slice(0, SHOWN))} is invalid: it has ${adminName.length} characters, ` +
        `and may have 1 to ${MAX_ADMIN_NAME} and no control characters.`,
    );
  }
}

/** The end of every Redis key of an app. The last `_` splits it: an appName has none. */
export function suffixOf({ adminName, appName }: App): string {
  return `${adminName}_${appName}`;
}

/** For messages: `alice/tuf`. */
export function describeApp({ adminName, appName }: App): string {
  return `${adminName}/${appName}`;
}
