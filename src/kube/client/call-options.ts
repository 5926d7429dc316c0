import type { KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '../../async/clock.ts';
import type { RuntimeMetrics } from '../metrics/runtime-metrics.ts';

/** Longest time one attempt of each verb may take, in milliseconds. */
export interface Timeouts {
  readonly get: number;
  /** One page. The API server gives up on its side after 60 s. */
  readonly list: number;
  readonly write: number;
  /** Until a watch's headers arrive. */
  readonly watch: number;
}

/** Defaults of {@link Timeouts}. */
export const DEFAULT_TIMEOUTS: Timeouts = { get: 15_000, list: 60_000, write: 30_000, watch: 30_000 };

/** Where calls to the API server are counted. */
export type RequestMetrics = Pick<RuntimeMetrics, 'requests' | 'requestDuration' | 'requestRetries'>;

/** Options of {@link APIClient}. */
export interface APIClientOptions {
  /**
   * Reads the configuration: at the start, and again when the API server no longer accepts the credentials.
   */
  readonly loadConfig: () => KubeConfig;
  readonly userAgent: string;
  /** Absent in a process that is never scraped. */
  readonly metrics?: RequestMetrics | undefined;
  readonly clock?: Clock;
  readonly timeouts?: Partial<Timeouts>;
  readonly onWarning?: (warning: string) => void;
  /**
   * Called as a request begins to wait for the API server: for its answer (of a watch: its headers), or for
   * as long as a Retry-After header asks. What it returns is disposed of when that wait ends.
   */
  readonly onWait?: (() => Disposable) | undefined;
}

/** Options every call takes. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Options of calls that change something. */
export interface WriteOptions extends CallOptions {
  /** Who is recorded as owner of the written fields. */
  readonly fieldManager?: string;
  /** Validate and admit, store nothing. */
  readonly dryRun?: boolean;
}

/** Which objects of a kind are meant. */
export interface ObjectSelector {
  /** Left out: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

/** Options of {@link APIClient.list}. */
export interface ListOptions<T = unknown> extends ObjectSelector, CallOptions {
  /**
   * Not older than this. Left out: the most recent state. Not `0`: for that the server sends everything at
   * once, and the page size counts for nothing.
   */
  readonly resourceVersion?: string;
  /** Objects per page at most; 500 as in client-go. */
  readonly pageSize?: number;
  /** What is kept of each object as its page arrives; undefined: nothing. Left out: all of it. */
  readonly keep?: (object: T) => T | undefined;
}

/** A complete list, all pages of it. */
export interface ObjectList<T> {
  /** Where a watch continues. Opaque. */
  readonly resourceVersion: string;
  readonly items: readonly T[];
}

/** Options of {@link APIClient.watch}. */
export interface WatchCallOptions extends ObjectSelector, CallOptions {
  /** Where to continue from: of a list, an event or a bookmark. */
  readonly resourceVersion: string;
  /** How long the server keeps the watch open. */
  readonly timeoutSeconds: number;
  /** The watch is given up as `Idle` when nothing, not even a bookmark, arrives for this long. */
  readonly idleTimeoutMs: number;
  readonly onActivity?: () => void;
}

/** What may be required of an object before it is deleted. */
export interface DeleteOptions extends CallOptions {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

/** A merge patch (RFC 7396) or a JSON patch (RFC 6902). Custom resources know no strategic merge. */
export type Patch =
  | { readonly type: 'merge'; readonly body: Readonly<Record<string, unknown>> }
  | { readonly type: 'json'; readonly body: readonly Readonly<Record<string, unknown>>[] };

/** How each {@link Patch} announces itself; the wrong one is refused with 415. */
export const PATCH_CONTENT_TYPE = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
} as const;

/** The fields one field manager wants to own, and whose they are; the client adds apiVersion and kind. */
export interface AppliedObject {
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined };
}

/** Options of {@link APIClient.apply}. */
export interface ApplyOptions extends CallOptions {
  readonly fieldManager: string;
  /** Take over fields other managers own; without it such a field is a Conflict that names the owner. */
  readonly force: boolean;
  readonly subresource?: 'status';
  readonly dryRun?: boolean;
}
