import { TerminalError } from '../../errors.ts';
import type { APIClient } from '../../kube/client/api-client.ts';
import { isForbidden, isNotFound } from '../../kube/client/api-error.ts';
import type { Resource } from '../../kube/client/resource.ts';
import { configMaps, type SecretOrConfigMap, secrets } from '../../kube/client/secret-or-config-map.ts';
import type { ServiceNameNamespaces } from '../../net/unresolved-name.ts';
import { ForbiddenError } from './missing-permission.ts';
import { MissingReferenceError } from './missing-reference.ts';
import type { TargetRules } from './target-rules.ts';

/**
 * Reads what a target refers to, in the target's own namespace, straight from the API server. Made for one
 * run or one look at the target, so a rotated password counts from the next one on and nothing secret
 * outlives them.
 *
 * Every method throws {@link MissingReferenceError}, naming what is missing and how to create it,
 * `TerminalError` `InvalidReference` when there can be no such name or the value is empty,
 * {@link ForbiddenError} when the controller may not read it, or what the API client throws when there is no
 * answer.
 */
export class References {
  /** Where the short host names in the target are looked up; undefined outside a cluster. */
  readonly nameScope: ServiceNameNamespaces | undefined;
  readonly #client: APIClient;
  readonly namespace: string;
  readonly #signal: AbortSignal;
  /** Several keys of one Secret are one request, and one state of it. */
  readonly #read = new Map<string, Promise<SecretOrConfigMap>>();

  /** What the installation allows targets. */
  readonly rules: TargetRules;

  constructor(client: APIClient, namespace: string, signal: AbortSignal, rules: TargetRules) {
    const { podNamespace } = rules;
    this.rules = rules;
    this.#client = client;
    this.namespace = namespace;
    this.#signal = signal;
    this.nameScope =
      podNamespace === undefined ? undefined : { lookedUpFrom: podNamespace, namedIn: namespace };
  }

  /** The value of one key of a Secret, as text, without the line end that `echo` and editors add. */
  async secret(name: string, key: string): Promise<string> {
    return this.#value(await this.#once(secrets, name), 'Secret', name, key);
  }

  /** Like {@link secret}; undefined when the Secret has no such key. */
  async optionalSecret(name: string, key: string): Promise<string | undefined> {
    const secret = await this.#once(secrets, name);
    return secret.data?.[key] === undefined ? undefined : this.#value(secret, 'Secret', name, key);
  }

  /** The exact bytes of one key of a ConfigMap: a root is pinned by every byte of it. */
  async configMapBytes(name: string, key: string): Promise<Uint8Array> {
    const { data, binaryData } = await this.#once(configMaps, name);
    const text = data?.[key];
    if (text !== undefined) {
      return Buffer.from(text, 'utf8');
    }
    const base64 = binaryData?.[key];
    if (base64 !== undefined) {
      return Buffer.from(base64, 'base64');
    }
    throw this.#missingKey('ConfigMap', name, key, { ...data, ...binaryData });
  }

  #value({ data }: SecretOrConfigMap, kind: string, name: string, key: string): string {
    const base64 = data?.[key];
    if (base64 === undefined) {
      throw this.#missingKey(kind, name, key, data);
    }
    const value = Buffer.from(base64, 'base64')
      .toString('utf8')
      .replace(/\r?\n$/, '');
    if (value !== '') {
      return value;
    }
    throw new TerminalError(
      'InvalidReference',
      `Key ${key} of ${kind} ${this.namespace}/${name} is empty. Put the value in.`,
    );
  }

  #once(resource: Resource<SecretOrConfigMap>, name: string): Promise<SecretOrConfigMap> {
    if (!isObjectName(name)) {
      throw new TerminalError(
        'InvalidReference',
        `No ${resource.kind} can be named ${JSON.stringify(name)}: a name holds lower-case letters, digits, hyphens and dots. Correct it in the RecoveryTarget.`,
      );
    }
    const id = `${resource.plural}/${name}`;
    const reading = this.#read.get(id) ?? this.#get(resource, name);
    this.#read.set(id, reading);
    return reading;
  }

  async #get(resource: Resource<SecretOrConfigMap>, name: string): Promise<SecretOrConfigMap> {
    try {
      return await this.#client.get(resource, { namespace: this.namespace, name }, { signal: this.#signal });
    } catch (error) {
      const what = `${resource.kind} ${this.namespace}/${name}`;
      if (isForbidden(error)) {
        throw new ForbiddenError(what, resource.plural, error);
      }
      if (!isNotFound(error)) {
        throw error;
      }
      throw new MissingReferenceError(
        `${what} does not exist. Create it, or correct the name in the RecoveryTarget.`,
        { cause: error },
      );
    }
  }

  #missingKey(kind: string, name: string, key: string, data: SecretOrConfigMap['data']): TerminalError {
    if (!isDataKey(key)) {
      return new TerminalError(
        'InvalidReference',
        `No ${kind} can have a key ${JSON.stringify(key)}: a key holds letters, digits, hyphens, underscores and dots. Correct it in the RecoveryTarget.`,
      );
    }
    const present = Object.keys(data ?? {}).sort();
    return new MissingReferenceError(
      `${kind} ${this.namespace}/${name} has no key ${key}; it has ${present.length === 0 ? 'none' : present.join(', ')}. Add it, or name another key in the RecoveryTarget.`,
    );
  }
}

/** A name that the API server admits for a Secret or ConfigMap: a DNS subdomain. */
function isObjectName(name: string): boolean {
  const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
  return name.length <= 253 && new RegExp(`^${label}(\\.${label})*$`).test(name);
}

/** A key that the API server admits in the data of a Secret or ConfigMap. */
function isDataKey(key: string): boolean {
  return key.length <= 253 && /^[-._a-zA-Z0-9]+$/.test(key) && key !== '.' && !key.startsWith('..');
}
