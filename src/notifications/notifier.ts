import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { Backoff } from '../async/backoff.ts';
import type { Clock } from '../async/clock.ts';
import { sleep } from '../async/sleep.ts';
import { TokenBucket } from '../async/token-bucket.ts';
import { errorMessage } from '../errors.ts';
import type { HostResolver } from '../net/dial.ts';
import { resolveBeyondLinkLocal } from '../net/link-local.ts';
import { formatBatch, type NotificationFormat } from './message.ts';
import type { Notification, NotificationBatch } from './notification.ts';
import type { NotificationTopic } from './topics.ts';
import { DeliveryError, postToWebhook, type WebhookOptions } from './webhook.ts';

/** When messages are sent and sent again; times in milliseconds. */
export interface NotifierTimings {
  /** From the first notification to the message, so that what happens together is one message. */
  readonly gatherMs: number;
  /** Messages that may be sent without a pause, and the time after which there may be one more. */
  readonly burst: number;
  readonly perMessageMs: number;
  /** For one request and its answer. */
  readonly timeoutMs: number;
  /** First and longest pause between two tries. */
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
  /** A message that could not be sent for so long is dropped: by then it is history. */
  readonly maxAgeMs: number;
}

const defaultTimings: NotifierTimings = {
  gatherMs: 1_000,
  burst: 5,
  // Slack admits one a second for each webhook; people read fewer.
  perMessageMs: 5_000,
  timeoutMs: 10_000,
  firstRetryMs: 1_000,
  maxRetryMs: 60_000,
  maxAgeMs: 60 * 60_000,
};

/** What became of a notification, as the metric counts it. */
export const notificationResults = ['sent', 'failed', 'dropped'] as const;

/** A member of {@link notificationResults}. */
export type NotificationResult = (typeof notificationResults)[number];

/** Options of {@link Notifier}. */
export interface NotifierOptions extends Pick<WebhookOptions, 'urlFile' | 'proxy'> {
  readonly format: NotificationFormat;
  /** Others are left out. */
  readonly topics: readonly NotificationTopic[];
  /** Named in each message; empty: no name. */
  readonly cluster: string;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly count: (result: NotificationResult, notifications: number) => void;
  /** What may be connected to; left out: everything but link-local addresses. */
  readonly resolve?: HostResolver;
  readonly timings?: Partial<NotifierTimings>;
}

const maxWaiting = 500;
/** Of these from one namespace: what flaps in one must not cost the others their notifications. */
const maxWaitingOfOne = 250;
const maxPerMessage = 20;
/** The same reason about the same object: so often at once, and again after each of these times. */
const repeats = { burst: 3, everyMs: 10 * 60_000 } as const;
/** Objects and reasons whose repeats are remembered; those that have been quiet are forgotten first. */
const maxRemembered = 1_000;

/**
 * Sends notifications to a webhook, in the background and at best effort: notifying never waits and never
 * throws. What waits is bounded; what does not fit is dropped, counted, and its number is in the next
 * message. Nothing is kept beyond the life of the process: the truth is in status and events.
 */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #timings: NotifierTimings;
  readonly #pace: TokenBucket;
  readonly #aborting = new AbortController();
  /** Ends the pauses, so that a shutdown sends at once what is left. */
  readonly #closing = new AbortController();
  readonly #waiting: Notification[] = [];
  readonly #repeats = new Map<string, TokenBucket>();
  #dropped = 0;
  #working: Promise<void> | undefined;

  constructor(options: NotifierOptions) {
    this.#options = options;
    this.#timings = { ...defaultTimings, ...options.timings };
    this.#pace = new TokenBucket(1_000 / this.#timings.perMessageMs, this.#timings.burst, options.clock);
  }

  /** Sends `notification` soon, if its topic is wanted. */
  notify(notification: Notification): void {
    const { topics, count } = this.#options;
    if (this.#closing.signal.aborted || !topics.includes(notification.topic)) {
      return;
    }
    const { namespace } = notification.object;
    const ofNamespace = this.#waiting.filter(({ object }) => object.namespace === namespace).length;
    if (
      this.#waiting.length >= maxWaiting ||
      ofNamespace >= maxWaitingOfOne ||
      this.#isRepeatedTooOften(notification)
    ) {
      this.#dropped += 1;
      count('dropped', 1);
      return;
    }
    this.#waiting.push(notification);
    this.#working ??= this.#work();
  }

  /** Sends what is left without further pauses, for at most `graceMs`, and takes nothing more. */
  async close(graceMs: number): Promise<void> {
    this.#closing.abort(new Error('the notifier is closed'));
    const cancel = this.#options.clock.after(graceMs, () => this.#aborting.abort(new Error('time is up')));
    await this.#working;
    cancel();
  }

  /** What flaps is said some times, and then from time to time. */
  #isRepeatedTooOften({ object: { uid }, topic, reason }: Notification): boolean {
    const key = `${uid} ${topic} ${reason}`;
    const bucket =
      this.#repeats.get(key) ?? new TokenBucket(1_000 / repeats.everyMs, repeats.burst, this.#options.clock);
    this.#repeats.delete(key);
    this.#repeats.set(key, bucket);
    for (const [other] of this.#repeats) {
      if (this.#repeats.size <= maxRemembered) {
        break;
      }
      this.#repeats.delete(other);
    }
    return bucket.tryTake(1) > 0;
  }

  async #work(): Promise<void> {
    const { signal } = this.#aborting;
    while (this.#waiting.length > 0 && !signal.aborted) {
      await this.#pause(this.#timings.gatherMs);
      await this.#pause(this.#pace.reserve());
      const batch: NotificationBatch = {
        id: randomUUID(),
        cluster: this.#options.cluster,
        notifications: this.#waiting.splice(0, maxPerMessage),
        dropped: this.#dropped,
      };
      this.#dropped = 0;
      await this.#send(batch);
    }
    this.#count('dropped', this.#waiting.splice(0).length);
    // In the same turn as the last look at what waits: a notification that comes next starts anew.
    this.#working = undefined;
  }

  /** Tries until it is sent, refused for good, or too old. */
  async #send(batch: NotificationBatch): Promise<void> {
    const { clock, random, format, logger, urlFile, proxy, resolve = resolveBeyondLinkLocal } = this.#options;
    const { firstRetryMs, maxRetryMs, maxAgeMs, timeoutMs } = this.#timings;
    const { signal } = this.#aborting;
    const body = formatBatch(batch, format);
    const { length } = batch.notifications;
    const backoff = new Backoff(
      { initialMs: firstRetryMs, maxMs: maxRetryMs, resetAfterMs: Number.POSITIVE_INFINITY },
      clock,
      random,
    );
    const begun = clock.monotonic();
    for (let tries = 1; ; tries += 1) {
      try {
        await postToWebhook({ urlFile, proxy, resolve, timeoutMs }, body, signal);
        this.#count('sent', length);
        return;
      } catch (error) {
        const askedMs = error instanceof DeliveryError ? error.retryAfterMs : 0;
        const pauseMs = Math.max(backoff.next(), askedMs);
        const tooLate = clock.monotonic() - begun + pauseMs > maxAgeMs;
        if (!(error instanceof DeliveryError) || tooLate || this.#closing.signal.aborted) {
          this.#count('failed', length);
          // The next message says how many are missing.
          this.#dropped += length + batch.dropped;
          // Its message alone: the stack of a request may hold the URL.
          logger.warn(
            { notifications: length, tries, cause: errorMessage(error) },
            'a message to the webhook is dropped',
          );
          return;
        }
        if (tries === 1) {
          logger.warn(
            { cause: errorMessage(error) },
            'a message to the webhook could not be sent; it is tried again',
          );
        }
        await this.#pause(pauseMs);
      }
    }
  }

  #count(result: NotificationResult, notifications: number): void {
    if (notifications > 0) {
      this.#options.count(result, notifications);
    }
  }

  #pause(ms: number): Promise<void> {
    return sleep(this.#options.clock, ms, this.#closing.signal).catch(() => undefined);
  }
}
