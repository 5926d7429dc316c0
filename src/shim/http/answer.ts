/** What goes back to a client: a JSON body and the headers it needs. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The server's form of an error answer. */
export function errorAnswer(status: number, error: string, headers?: Answer['headers']): Answer {
  return { status, body: { error }, ...(headers && { headers }) };
}

/** An answer to come back to later: 429 or 503. `seconds` is rounded up, and at least 1. */
export function retryLater(status: 429 | 503, error: string, seconds: number): Answer {
  return errorAnswer(status, error, { 'Retry-After': String(Math.max(1, Math.ceil(seconds))) });
}

/** Ends the handling of a request with an answer other than success. Not a failure of the shim: nothing is logged. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly answer: Answer;

  constructor(answer: Answer, options?: ErrorOptions) {
    super(`refused with ${answer.status}`, options);
    this.answer = answer;
  }

  /** A refusal with the server's `{"error": …}` body. */
  static with(status: number, error: string, options?: ErrorOptions): Refusal {
    return new Refusal(errorAnswer(status, error), options);
  }
}
