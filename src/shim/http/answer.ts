/** What goes back to a client: a JSON body and the headers it needs. */
export interface HTTPAnswer {
  readonly status: number;
  /** A Buffer is sent as it is: JSON that was made before. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The server's form of an error answer; `message` is the same text once more, because the server's dashboard
 * shows only that.
 */
export function errorAnswer(status: number, error: string, headers?: HTTPAnswer['headers']): HTTPAnswer {
  return { status, body: { error, message: error }, ...(headers && { headers }) };
}

/** An answer to come back to later: 429 or 503. `seconds` is rounded up, and at least 1. */
export function retryLater(status: 429 | 503, error: string, seconds: number): HTTPAnswer {
  return errorAnswer(status, error, { 'Retry-After': String(Math.max(1, Math.ceil(seconds))) });
}

/**
 * Ends the handling of a request with an answer other than success. Not a failure of the shim: what is logged
 * is the request.
 */
export class HTTPError extends Error {
  override readonly name = 'HTTPError';
  readonly answer: HTTPAnswer;

  constructor(answer: HTTPAnswer, options?: ErrorOptions) {
    super(`refused with ${answer.status}`, options);
    this.answer = answer;
  }

  /** One with the server's form of an error answer. */
  static with(status: number, error: string, options?: ErrorOptions): HTTPError {
    return new HTTPError(errorAnswer(status, error), options);
  }
}
