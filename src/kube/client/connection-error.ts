/**
 * Why no answer came. `Credentials`: they could not be read, so nothing was asked. `Idle`: a watch fell
 * silent. `Malformed`: bytes came that are not what the protocol says. `TooLarge`: more of them than the
 * caller takes.
 */
export type ConnectionFailure =
  | 'Timeout'
  | 'Refused'
  | 'Reset'
  | 'Unresolved'
  | 'TLS'
  | 'Credentials'
  | 'Idle'
  | 'Malformed'
  | 'TooLarge'
  | 'Unreachable';

/**
 * The API server was not reached, or stopped answering in the middle. Whether it did what was asked is
 * unknown.
 */
export class ConnectionError extends Error {
  readonly failure: ConnectionFailure;

  constructor(failure: ConnectionFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ConnectionError';
    this.failure = failure;
  }

  /**
   * Names the failure behind an error thrown by the HTTP client; `call` is what was asked: `GET /api/v1/…`.
   */
  static from(call: string, cause: unknown): ConnectionError {
    if (cause instanceof ConnectionError) {
      return cause;
    }
    const failure = failureOf(cause);
    const said = cause instanceof Error && cause.message !== '' ? cause.message : String(cause);
    return new ConnectionError(failure, `${call}: no answer (${failure}): ${said}${ADVICE[failure] ?? ''}`, {
      cause,
    });
  }
}

const ADVICE: Partial<Record<ConnectionFailure, string>> = {
  Refused: '; check that the API server runs and that nothing blocks the way to it',
  Unresolved: '; check the server name in the kubeconfig and the DNS',
  TLS: '; check the certificate authority and server name in the kubeconfig',
};

const FAILURES: Readonly<Record<string, ConnectionFailure>> = {
  ECONNREFUSED: 'Refused',
  ECONNRESET: 'Reset',
  EPIPE: 'Reset',
  UND_ERR_SOCKET: 'Reset',
  UND_ERR_CONNECT_TIMEOUT: 'Timeout',
  ETIMEDOUT: 'Timeout',
  ENOTFOUND: 'Unresolved',
  EAI_AGAIN: 'Unresolved',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'TLS',
  SELF_SIGNED_CERT_IN_CHAIN: 'TLS',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'TLS',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'TLS',
  CERT_HAS_EXPIRED: 'TLS',
  ERR_TLS_CERT_ALTNAME_INVALID: 'TLS',
};

/** The server refuses our certificate. */
const CERTIFICATE_ALERT = /^ERR_SSL_.*ALERT.*(CERTIFICATE|UNKNOWN_CA)/;

function failureOf(cause: unknown): ConnectionFailure {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code.startsWith('HPE_')) {
    return 'Malformed';
  }
  if (CERTIFICATE_ALERT.test(code)) {
    return 'TLS';
  }
  return FAILURES[code] ?? 'Unreachable';
}
