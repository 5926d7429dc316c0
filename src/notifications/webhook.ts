import { readFile } from 'node:fs/promises';
import { errorMessage, systemErrorCode } from '../errors.ts';
import { bareHost, type HostResolver } from '../net/dial.ts';
import { isLinkLocal } from '../net/link-local.ts';
import type { ProxyRule } from '../net/proxy-rule.ts';
import { sendRequest } from '../net/single-request.ts';

/** Where notifications are sent. */
export interface WebhookOptions {
  /** Holds the URL and nothing else. Read for each request, so that a changed Secret needs no restart. */
  readonly urlFile: string;
  readonly proxy: ProxyRule;
  /** What may be connected to. */
  readonly resolve: HostResolver;
  /** Milliseconds for a whole request and its answer. */
  readonly timeoutMs: number;
}

/** A message that was not accepted. Another try may help. */
export class DeliveryError extends Error {
  /** Milliseconds the receiver asked to be spared for; 0 when it named none. */
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs = 0) {
    super(message);
    this.name = 'DeliveryError';
    this.retryAfterMs = retryAfterMs;
  }
}

/** A message that the receiver refused, and would refuse again. */
class DeliveryRefusedError extends Error {
  constructor(host: string, status: number) {
    super(
      `${host} refused the message with HTTP ${status}. Check the URL in the Secret and the format of the messages.`,
    );
    this.name = 'DeliveryRefusedError';
  }
}

/** Answers that may be different the next time: a time-out, too many requests, a failure of the receiver. */
const temporary = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** A real URL is far shorter. */
const maxURLBytes = 8_192;
/** What a receiver answers says nothing, and is not passed on. */
const maxAnswerBytes = 64 * 1_024;

/**
 * Posts one body. Its errors name the receiver's host and never the path of the URL, which is the password of
 * most webhooks.
 *
 * @throws {DeliveryError} when another try may help: no answer, an answer that says so, or a URL that can't
 *   be read or used yet
 * @throws {DeliveryRefusedError}
 */
export async function postToWebhook(
  { urlFile, proxy, resolve, timeoutMs }: WebhookOptions,
  body: string,
  signal: AbortSignal,
): Promise<void> {
  const url = await readURL(urlFile);
  const timeout = AbortSignal.timeout(timeoutMs);
  const { status, headers } = await sendRequest(url, {
    method: 'POST',
    headers: {},
    body,
    maxAnswerBytes,
    signal: AbortSignal.any([signal, timeout]),
    ...{ proxy, resolve },
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new DeliveryError(`${url.host} did not answer${timeout.aborted ? ' in time' : `: ${why(error)}`}.`);
  });
  if (temporary(status)) {
    const retryAfterMs = parseRetryAfter(headers['retry-after'], new Date());
    throw new DeliveryError(`${url.host} answered HTTP ${status}.`, retryAfterMs);
  }
  if (status < 200 || status >= 300) {
    throw new DeliveryRefusedError(url.host, status);
  }
}

/** RFC 9110, section 10.2.3: seconds or a date. */
function parseRetryAfter(value: string | undefined, now: Date): number {
  if (value === undefined) {
    return 0;
  }
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - now.getTime();
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}

/** The code says enough: the message of a failed connection may repeat a URL. */
function why(error: unknown): string {
  return systemErrorCode(error) ?? errorMessage(error);
}

async function readURL(file: string): Promise<URL> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw unusable(file, `can't be read (${systemErrorCode(error)})`);
  });
  const trimmed = text.trim();
  if (trimmed.length > maxURLBytes || !URL.canParse(trimmed)) {
    throw unusable(file, 'holds no URL');
  }
  const url = new URL(trimmed);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw unusable(file, 'holds a URL that is neither http nor https');
  }
  if (isLinkLocal(bareHost(url.hostname))) {
    throw unusable(file, 'holds a link-local or metadata address');
  }
  return url;
}

/** Another try may help: a Secret may be created, or corrected, while the controller runs. */
function unusable(file: string, what: string): DeliveryError {
  return new DeliveryError(
    `The file with the webhook's URL, ${file}, ${what}. Write one http or https URL into it.`,
  );
}
