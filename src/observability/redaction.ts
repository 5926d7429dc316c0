/**
 * Names under which secrets travel through this program. Nothing logs them on purpose; this is the net below,
 * for the day a whole options object is logged.
 */
const secretFields = [
  'password',
  'secretAccessKey',
  'sessionToken',
  'accessKeyId',
  'token',
  'authorization',
  'privateKey',
  'jwt',
];

/** A private key is called `key` in TLS options, and a key of many other things is no secret. */
const keyHolder = 'tls';

const names = new Set(secretFields.map((name) => name.toLowerCase()));
const suspicious = new RegExp(`"(?:${[...secretFields, keyHolder].join('|')})":`, 'i');

/**
 * A line of the log with every secret replaced, by the name of its field, in any spelling, however deep it
 * stands and however it came there: logged object, child logger or error.
 *
 * pino's own redaction knows paths and not names; with wildcards for every depth it took four fifths of the
 * time of a line. Here a line costs one look, and only one that names a secret is taken apart.
 */
export function withoutSecrets(line: string): string {
  if (!suspicious.test(line)) {
    return line;
  }
  return `${JSON.stringify(JSON.parse(line), censor)}\n`;
}

/** Called by `JSON.stringify` for each field. */
function censor(name: string, value: unknown): unknown {
  if (names.has(name.toLowerCase())) {
    return '[redacted]';
  }
  return name.toLowerCase() === keyHolder && typeof value === 'object' && value !== null && 'key' in value
    ? { ...value, key: '[redacted]' }
    : value;
}
