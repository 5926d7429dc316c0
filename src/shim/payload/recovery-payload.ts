/**
 * Binds the body of `POST /tuf/v1/bootstrap/recovery` as the server does (gin's `ShouldBindJSON` into
 * `struct { AppName string "binding:required"; Timeout *int }`), in everything a client can tell from the
 * answer:
 *
 * - the Content-Type does not matter;
 * - only the first JSON value counts, bytes after it are ignored;
 * - member names match without regard to case, unknown ones are skipped, of repeated ones the last wins;
 * - `null` leaves `appName` as it is and unsets `timeout`; a body of `null` binds nothing;
 * - one value of the wrong type is an error, even if another one follows;
 * - an empty `appName` is a missing one.
 *
 * The words in which a syntax error is described are not the server's: no client can do more with them than
 * show them.
 */
import * as z from 'zod';
import { appName as appNameSchema, MAX_APP_NAME_LENGTH } from '../http/schemas.ts';
import { firstValue, membersOf, type RawMember, UnexpectedEndError } from './json-members.ts';

/** What a valid body asks for. */
export interface RecoveryPayload {
  /** `^[a-zA-Z0-9][a-zA-Z0-9-]*$`, at most 253 characters. */
  readonly appName: string;
  /** 1 to 300. */
  readonly timeoutSeconds: number;
}

/** The bound body, or the text of the 400 answer. */
export type BoundPayload =
  | { readonly payload: RecoveryPayload }
  | { readonly payload?: undefined; readonly error: string };

/** What the server allows one attempt: the default and the most (`maxBootstrapTimeout`). */
const MAX_TIMEOUT_SECONDS = 300;

const MISSING_APP_NAME =
  "Key: 'bootstrapRecoveryPayload.AppName' Error:Field validation for 'AppName' failed on the 'required' tag";

/** Binds and validates a body. Never throws: whatever the bytes are, the result is a payload or a text. */
export function bindRecoveryPayload(body: Buffer): BoundPayload {
  const decoded = decode(body.toString());
  if (typeof decoded === 'string') {
    return { error: `Invalid payload format: ${decoded}` };
  }
  const { appName, timeout } = decoded;
  if (appName === '') {
    return { error: `Invalid payload format: ${MISSING_APP_NAME}` };
  }
  if (appName.length > MAX_APP_NAME_LENGTH) {
    return { error: `appName is invalid: it is longer than ${MAX_APP_NAME_LENGTH} characters` };
  }
  if (!appNameSchema.safeParse(appName).success) {
    return {
      error: `appName ${JSON.stringify(appName)} is invalid: only alphanumeric characters and hyphens are allowed, and it must start with an alphanumeric character`,
    };
  }
  return { payload: { appName, timeoutSeconds: timeoutSecondsOf(timeout) } };
}

/** Absent, zero and negative mean the default, more than the most means the most. */
function timeoutSecondsOf(timeout: number | undefined): number {
  return timeout === undefined || timeout <= 0 ? MAX_TIMEOUT_SECONDS : Math.min(timeout, MAX_TIMEOUT_SECONDS);
}

/** The server's struct before validation. */
interface Decoded {
  readonly appName: string;
  readonly timeout: number | undefined;
}

/** The struct, or what is wrong with the text. */
function decode(text: string): Decoded | string {
  if (/^[ \t\r\n]*$/.test(text)) {
    return 'EOF';
  }
  try {
    const first = firstValue(text);
    const value: unknown = JSON.parse(first);
    if (value === null) {
      return { appName: '', timeout: undefined };
    }
    return kindOf(value) === 'object'
      ? decodeMembers(membersOf(first))
      : `json: cannot unmarshal ${kindOf(value)} into Go value of type bootstrap.bootstrapRecoveryPayload`;
  } catch (error) {
    if (error instanceof UnexpectedEndError) {
      return 'unexpected EOF';
    }
    if (error instanceof SyntaxError) {
      return 'the body is not valid JSON';
    }
    throw error;
  }
}

const appNameMember = z
  .string({ error: ({ input }) => typeError(kindOf(input), 'appName', 'string') })
  .nullable();

/** A whole number that fits into Go's `int`, judged by its text: `1.0` and `1e2` are none, to Go. */
const timeoutMember = z.string().transform((text, { addIssue }): number | null => {
  const value: unknown = JSON.parse(text);
  if (value === null) {
    return null;
  }
  if (typeof value === 'number' && /^-?\d+$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text)) {
    return value;
  }
  addIssue(typeError(typeof value === 'number' ? `number ${text}` : kindOf(value), 'timeout', 'int'));
  return z.NEVER;
});

function decodeMembers(members: readonly RawMember[]): Decoded | string {
  let appName = '';
  let timeout: number | undefined;
  for (const { name, text } of members) {
    switch (name.toLowerCase()) {
      case 'appname': {
        const bound = appNameMember.safeParse(JSON.parse(text));
        if (!bound.success) {
          return messageOf(bound.error);
        }
        appName = bound.data?.toWellFormed() ?? appName;
        break;
      }
      case 'timeout': {
        const bound = timeoutMember.safeParse(text);
        if (!bound.success) {
          return messageOf(bound.error);
        }
        timeout = bound.data ?? undefined;
        break;
      }
      default:
    }
  }
  return { appName, timeout };
}

function messageOf({ issues }: z.ZodError): string {
  return issues[0]?.message ?? '';
}

function typeError(value: string, field: string, type: string): string {
  return `json: cannot unmarshal ${value} into Go struct field bootstrapRecoveryPayload.${field} of type ${type}`;
}

/** What a JSON value is, in the words of Go's type errors. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) {
    return 'array';
  }
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
