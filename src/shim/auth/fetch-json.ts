/** What {@link fetchJSON} is allowed. */
export interface FetchLimits {
  /** For the whole answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Of the body, decompressed. */
  readonly maxBytes: number;
}

/** A server answered with something that is not what was asked for. */
export class UnexpectedAnswerError extends Error {
  override readonly name = 'UnexpectedAnswerError';
  readonly status: number;

  /** @param message names the address and says what is wrong with its answer */
  constructor(message: string, status: number, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** Status and body of an answer. */
export interface JSONAnswer {
  readonly status: number;
  /** Undefined when the body is no JSON and the status is not 200. */
  readonly body: unknown;
}

/**
 * Fetches a JSON document. Redirects are errors: they would carry a token, or trust, somewhere else.
 * @throws {UnexpectedAnswerError} when the answer is too large, or is 200 but no JSON; what `fetch` throws when there is no answer.
 */
export async function fetchJSON(
  url: string | URL,
  { timeoutMs, maxBytes }: FetchLimits,
  headers: Readonly<Record<string, string>> = {},
): Promise<JSONAnswer> {
  const response = await fetch(url, {
    headers,
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
  });
  const { status } = response;
  const text = await readText(response, maxBytes);
  if (text === undefined) {
    throw new UnexpectedAnswerError(`${url} answered with more than ${maxBytes} bytes`, status);
  }
  try {
    const body: unknown = JSON.parse(text);
    return { status, body };
  } catch (cause) {
    if (status === 200) {
      throw new UnexpectedAnswerError(`${url} answered with something other than JSON`, status, { cause });
    }
    return { status, body: undefined };
  }
}

async function readText({ body }: Response, maxBytes: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) {
      return undefined;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Why an address could not be read, with the address and without a stack: `fetch` hides the reason in its cause. */
export function fetchProblem(url: string | URL, error: unknown): string {
  if (error instanceof UnexpectedAnswerError) {
    return error.message;
  }
  const { cause } = error instanceof Error ? error : {};
  const reason = cause instanceof Error ? cause : error;
  const code = reason instanceof Error && 'code' in reason ? String(reason.code) : undefined;
  const text = reason instanceof Error ? reason.message : String(reason);
  return `${url} can't be reached (${code === undefined || text.includes(code) ? text : `${code}: ${text}`})`;
}
