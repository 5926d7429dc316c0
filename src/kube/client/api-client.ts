import { type Clock, systemClock } from '../../async/clock.ts';
import { openWatch } from '../cache/watch.ts';
import type { WatchEvent } from '../cache/watch-stream.ts';
import { type PodLogOptions, readPodLog } from '../logs/pod-log.ts';
import { toObject } from './answer.ts';
import {
  type APIClientOptions,
  type AppliedObject,
  type ApplyOptions,
  type CallOptions,
  DEFAULT_TIMEOUTS,
  type DeleteOptions,
  type ListOptions,
  type ObjectList,
  PATCH_CONTENT_TYPE,
  type Patch,
  type Timeouts,
  type WatchCallOptions,
  type WriteOptions,
} from './call-options.ts';
import { Credentials } from './credentials.ts';
import { listAll } from './list.ts';
import type { KubernetesObject, Manifest } from './object.ts';
import type { ObjectKey } from './object-key.ts';
import { apiVersionOf, type Resource, resourcePath } from './resource.ts';
import { Transport } from './transport.ts';

/**
 * Every call this project makes to an API server, for any resource a {@link Resource} describes. Failures are
 * `APIError` (the server said no), `ConnectionError` (no answer) or the signal's own reason.
 */
export class APIClient {
  readonly #credentials: Credentials;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #timeouts: Timeouts;

  constructor(options: APIClientOptions) {
    this.#clock = options.clock ?? systemClock;
    this.#timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
    this.#credentials = new Credentials(options.loadConfig);
    this.#transport = new Transport({
      credentials: this.#credentials,
      userAgent: options.userAgent,
      clock: this.#clock,
      metrics: options.metrics,
      onWarning: options.onWarning,
      onWait: options.onWait,
    });
  }

  /**
   * Base URL of the API server as of the last time the configuration was read, without a trailing slash;
   * undefined while it names no current cluster. Reads nothing.
   */
  get server(): string | undefined {
    return this.#credentials.server;
  }

  /** The object as it is now, read from the server's store and not from its cache. */
  async get<T extends KubernetesObject>(
    resource: Resource<T>,
    key: ObjectKey,
    options: CallOptions = {},
  ): Promise<T> {
    const body = await this.#transport.json({
      method: 'GET',
      path: resourcePath(resource, key),
      timeoutMs: this.#timeouts.get,
      idempotent: true,
      signal: options.signal,
    });
    return toObject(resource, body);
  }

  /** Every object of the selection, all pages of it. */
  list<T extends KubernetesObject>(
    resource: Resource<T>,
    options: ListOptions<T> = {},
  ): Promise<ObjectList<T>> {
    return listAll(this.#transport, this.#timeouts.list, resource, options);
  }

  /**
   * Creates the object; `AlreadyExists` when one of that name is there. Not repeated when the answer is lost.
   */
  async create<T extends KubernetesObject, M extends Manifest>(
    resource: Resource<T>,
    object: M,
    options: WriteOptions = {},
  ): Promise<T> {
    const { namespace } = object.metadata;
    const body = await this.#write('POST', resourcePath(resource, { namespace }), object, options);
    return toObject(resource, body);
  }

  /** Replaces the object; `Conflict` when it changed since `object` was read. */
  async replace<T extends KubernetesObject>(
    resource: Resource<T>,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    const body = await this.#write('PUT', resourcePath(resource, object.metadata), object, options);
    return toObject(resource, body);
  }

  /** Patches the object, or its status. */
  async patch<T extends KubernetesObject>(
    resource: Resource<T>,
    key: ObjectKey,
    patch: Patch,
    options: WriteOptions & { readonly subresource?: 'status' } = {},
  ): Promise<T> {
    const path = resourcePath(resource, { ...key, subresource: options.subresource });
    const body = await this.#write('PATCH', path, patch.body, options, PATCH_CONTENT_TYPE[patch.type]);
    return toObject(resource, body);
  }

  /** Server-side apply: `object` holds exactly the fields this field manager owns, and names itself. */
  async apply<T extends KubernetesObject, A extends AppliedObject>(
    resource: Resource<T>,
    object: A,
    options: ApplyOptions,
  ): Promise<T> {
    const { name, namespace } = object.metadata;
    const body = await this.#transport.json({
      method: 'PATCH',
      path: resourcePath(resource, { name, namespace, subresource: options.subresource }),
      query: {
        fieldManager: options.fieldManager,
        force: options.force,
        dryRun: options.dryRun ? 'All' : undefined,
      },
      body: { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind },
      // JSON is YAML, so the one content type of server-side apply takes it.
      contentType: 'application/apply-patch+yaml',
      timeoutMs: this.#timeouts.write,
      idempotent: true,
      signal: options.signal,
    });
    return toObject(resource, body);
  }

  /**
   * Asks for deletion; finalizers may delay it. `NotFound` when there is none, `Conflict` when `uid` does not
   * match.
   */
  async delete(resource: Resource, key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    const { uid, resourceVersion, propagationPolicy } = options;
    await this.#transport.json({
      method: 'DELETE',
      path: resourcePath(resource, key),
      body: {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        propagationPolicy,
        preconditions: { uid, resourceVersion },
      },
      timeoutMs: this.#timeouts.write,
      idempotent: true,
      signal: options.signal,
    });
  }

  /**
   * Asks the server to judge something and store nothing: SelfSubjectAccessReview, TokenReview and their kin.
   * Returns the review with its `status` filled in.
   */
  async review<T extends KubernetesObject>(
    resource: Resource<T>,
    spec: Readonly<Record<string, unknown>>,
    options: CallOptions = {},
  ): Promise<T> {
    const body = await this.#transport.json({
      method: 'POST',
      path: resourcePath(resource),
      body: { apiVersion: apiVersionOf(resource), kind: resource.kind, spec },
      timeoutMs: this.#timeouts.get,
      idempotent: true,
      signal: options.signal,
    });
    return toObject(resource, body);
  }

  /** What the server says of itself; every authenticated identity may ask. */
  async serverVersion(options: CallOptions = {}): Promise<{ readonly gitVersion: string }> {
    const body = await this.#transport.json({
      method: 'GET',
      path: '/version',
      timeoutMs: this.#timeouts.get,
      idempotent: true,
      signal: options.signal,
    });
    const gitVersion =
      typeof body === 'object' && body !== null && 'gitVersion' in body ? body.gitVersion : undefined;
    return { gitVersion: typeof gitVersion === 'string' ? gitVersion : 'unknown' };
  }

  /**
   * Changes from `resourceVersion` on, until the server closes the watch; then the iteration ends without an
   * error.
   */
  watch<T extends KubernetesObject>(
    resource: Resource<T>,
    options: WatchCallOptions,
  ): AsyncGenerator<WatchEvent<T>, void, undefined> {
    return openWatch(this.#transport, this.#clock, this.#timeouts.watch, resource, options);
  }

  /** Lines of a container's log; see {@link readPodLog}. */
  log(pod: ObjectKey, options: PodLogOptions): AsyncGenerator<string, void, undefined> {
    return readPodLog(this.#transport, this.#clock, this.#timeouts.watch, pod, options);
  }

  /** Drops every connection. The client is not used afterwards. */
  async close(): Promise<void> {
    await this.#credentials.close();
  }

  #write(
    method: 'POST' | 'PUT' | 'PATCH',
    path: string,
    body: unknown,
    options: WriteOptions,
    contentType = 'application/json',
  ): Promise<unknown> {
    return this.#transport.json({
      method,
      path,
      query: { fieldManager: options.fieldManager, dryRun: options.dryRun ? 'All' : undefined },
      body,
      contentType,
      timeoutMs: this.#timeouts.write,
      idempotent: false,
      signal: options.signal,
    });
  }
}
