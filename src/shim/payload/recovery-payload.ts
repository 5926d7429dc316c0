/**
 * Binds the body of `POST /tuf/v1/bootstrap/recovery` as the server's gin handler does (`ShouldBindJSON` into
 * `struct { AppName string "binding:required"; Timeout *int }`), so that a client sees no difference:
 *
 * - the Content-Type is not looked at (`ShouldBindJSON` always reads JSON);
 * - only the first JSON value counts, bytes after it are ignored (`Decoder.Decode`);
 * - member names match without regard to case, unknown ones are skipped, of repeated ones the last wins;
 * - `null` leaves `appName` as it is and unsets `timeout`; a body of `null` binds nothing;
 * - a value of the wrong type is remembered, decoding goes on, and the first such error is the answer;
 * - an empty `appName` is a missing one (`required` of go-playground/validator).
 */
import { quote } from './go-quote.ts';
import { JSONSyntaxError } from './json-lexer.ts';
import { type JSONKind, parseString, type RawValue, scanFirstValue } from './json-scanner.ts';

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

/** What the BootstrapRecovery schema allows; the server knows no bound. */
const MAX_APP_NAME_LENGTH = 253;

const APP_NAME = /^[a-zA-Z0-9][a-zA-Z0-9-]*$/;

/** Binds and validates a body. Never throws: whatever the bytes are, the answer is a payload or a text. */
export function bindRecoveryPayload(body: Buffer): BoundPayload {
  const decoded = decode(body);
  if (typeof decoded === 'string') {
    return { error: `Invalid payload format: ${decoded}` };
  }
  const { appName, timeout } = decoded;
  if (appName === '') {
    return {
      error:
        "Invalid payload format: Key: 'bootstrapRecoveryPayload.AppName' Error:Field validation for 'AppName' failed on the 'required' tag",
    };
  }
  if (!APP_NAME.test(appName)) {
    return {
      error: `appName ${quote(appName)} is invalid: only alphanumeric characters and hyphens are allowed, and it must start with an alphanumeric character`,
    };
  }
  if (appName.length > MAX_APP_NAME_LENGTH) {
    return { error: `appName is invalid: it is longer than ${MAX_APP_NAME_LENGTH} characters` };
  }
  return { payload: { appName, timeoutSeconds: resolveTimeout(timeout) } };
}

/** `resolveBootstrapRecoveryTimeoutSeconds`: absent, zero and negative mean the default, more than the most means the most. */
function resolveTimeout(timeout: bigint | undefined): number {
  if (timeout === undefined || timeout <= 0n || timeout > BigInt(MAX_TIMEOUT_SECONDS)) {
    return MAX_TIMEOUT_SECONDS;
  }
  return Number(timeout);
}

/** The server's struct before validation. */
interface Decoded {
  appName: string;
  timeout: bigint | undefined;
}

/** The struct, or the decoder's error text. */
function decode(body: Buffer): Decoded | string {
  let scanned: ReturnType<typeof scanFirstValue>;
  try {
    scanned = scanFirstValue(body);
  } catch (error) {
    if (error instanceof JSONSyntaxError) {
      return error.message;
    }
    throw error;
  }
  const decoded: Decoded = { appName: '', timeout: undefined };
  if (scanned.kind === 'null') {
    return decoded;
  }
  if (scanned.kind !== 'object') {
    return `json: cannot unmarshal ${scanned.kind} into Go value of type bootstrap.bootstrapRecoveryPayload`;
  }
  let firstError: string | undefined;
  for (const { name, value } of scanned.members) {
    // Go folds case by Unicode's simple folding; no letter outside ASCII folds to one of these two names.
    firstError ??= fields.get(name.toLowerCase())?.(decoded, value);
  }
  return firstError ?? decoded;
}

/** Stores a member's value into its field; returns the text of a type error. */
type Store = (into: Decoded, value: RawValue) => string | undefined;

const fields: ReadonlyMap<string, Store> = new Map<string, Store>([
  [
    'appname',
    (into, value) => {
      if (value.kind === 'string') {
        into.appName = parseString(value.text);
      } else if (value.kind !== 'null') {
        return typeError(value.kind, 'appName', 'string');
      }
      return undefined;
    },
  ],
  [
    'timeout',
    (into, value) => {
      if (value.kind === 'null') {
        into.timeout = undefined;
        return undefined;
      }
      if (value.kind !== 'number') {
        return typeError(value.kind, 'timeout', 'int');
      }
      into.timeout = parseInt64(value.text);
      return into.timeout === undefined ? typeError(`number ${value.text}`, 'timeout', 'int') : undefined;
    },
  ],
]);

function typeError(value: JSONKind | `number ${string}`, field: string, type: string): string {
  return `json: cannot unmarshal ${value} into Go struct field bootstrapRecoveryPayload.${field} of type ${type}`;
}

/** `strconv.ParseInt(text, 10, 64)`: no fraction, no exponent, no overflow. */
function parseInt64(text: string): bigint | undefined {
  if (!/^-?\d+$/.test(text)) {
    return undefined;
  }
  const value = BigInt(text);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}
