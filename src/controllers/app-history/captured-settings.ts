import type { Logger } from 'pino';
import type { RecoveryPolicy } from '../../api/recoverypolicy.generated.ts';
import { fieldManager, policyLabel } from '../../api/resources.ts';
import { markerKey, rootSigningKey } from '../../faynosync/keys.ts';
import type { APIClient } from '../../kube/client/api-client.ts';
import { isForbidden, isNotFound } from '../../kube/client/api-error.ts';
import { configMaps } from '../../kube/client/keyed.ts';
import { controllerReference } from '../../kube/client/object.ts';
import type { ObjectKey } from '../../kube/client/object-key.ts';
import type { Outcome } from '../../recovery/outcome.ts';
import type { App, CapturedSettings } from '../../recovery/request.ts';

const dataKey = 'settings.json';

/** Characters of captured settings. A ConfigMap takes 1 MiB; an app with more settings is inferred as before. */
const maxLength = 700_000;

/** What the ConfigMap holds. Lifetimes, counts and a flag: nothing of it is secret. */
interface Captured extends App {
  /** RFC 3339. */
  readonly capturedAt: string;
  /** The metadata the settings belong to, by its timestamp: whatever is signed later shows in another one. */
  readonly timestamp: { readonly version: number; readonly sha256: string };
  /** Redis key → value, sorted by key. */
  readonly values: Readonly<Record<string, string>>;
}

/**
 * Keeps the settings of an app that was just found complete, in a ConfigMap that the policy owns. No write when it holds them
 * already.
 *
 * @returns its name; undefined when there are more settings than a ConfigMap holds
 */
export async function captureSettings(
  client: APIClient,
  policy: RecoveryPolicy,
  name: string,
  app: App,
  { plan, trusted }: Pick<Outcome, 'plan' | 'trusted'>,
  now: Date,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (plan === undefined || trusted === undefined) {
    return undefined;
  }
  const { version, sha256 } = trusted.timestamp;
  const apart = new Set([markerKey(app), rootSigningKey(app)]);
  const values = plan.actions.flatMap(({ key, after }) =>
    after === undefined || apart.has(key) ? [] : [[key, after] as const],
  );
  const captured: Captured = {
    adminName: app.adminName,
    appName: app.appName,
    capturedAt: now.toISOString(),
    timestamp: { version, sha256 },
    values: Object.fromEntries(values),
  };
  const text = render(captured);
  if (text.length > maxLength) {
    return undefined;
  }
  const { namespace } = policy.metadata;
  const held = await read(client, { namespace, name }, signal);
  if (held !== undefined && isSame(held, captured)) {
    return name;
  }
  const configMap = {
    metadata: {
      name,
      namespace,
      labels: { [policyLabel]: policy.metadata.name },
      ownerReferences: [controllerReference(policy)],
    },
    data: { [dataKey]: text },
  };
  await client.apply(configMaps, configMap, { fieldManager, force: true });
  return name;
}

/** The settings that were captured of an app; undefined when there are none that can be read. */
export async function readSettings(
  client: APIClient,
  key: ObjectKey,
  app: App,
  logger: Logger,
  signal: AbortSignal,
): Promise<CapturedSettings | undefined> {
  try {
    const text = await read(client, key, signal);
    const captured = text === undefined ? undefined : parse(text, app);
    if (text !== undefined && captured === undefined) {
      logger.warn({ configMap: key.name }, 'captured settings are malformed; going on without them');
    }
    return captured;
  } catch (error) {
    if (!isForbidden(error)) {
      throw error;
    }
    logger.warn(
      { err: error, configMap: key.name },
      'captured settings may not be read; going on without them',
    );
    return undefined;
  }
}

async function read(client: APIClient, key: ObjectKey, signal: AbortSignal): Promise<string | undefined> {
  try {
    return (await client.get(configMaps, key, { signal })).data?.[dataKey];
  } catch (error) {
    if (isNotFound(error)) {
      return undefined;
    }
    throw error;
  }
}

/** What a person or another program may have changed, read without trust: each value is checked again where it is used. */
function parse(text: string, app: App): CapturedSettings | undefined {
  const found = object(json(text));
  const values = Object.entries(object(found?.['values']) ?? {});
  const capturedAt = new Date(String(found?.['capturedAt']));
  const sha256 = object(found?.['timestamp'])?.['sha256'];
  if (found?.['adminName'] !== app.adminName || found['appName'] !== app.appName) {
    return undefined;
  }
  if (Number.isNaN(capturedAt.getTime()) || typeof sha256 !== 'string') {
    return undefined;
  }
  const strings = values.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return { capturedAt, timestampSHA256: sha256, values: new Map(strings) };
}

/** Everything but the time is the same. */
function isSame(text: string, { capturedAt: _, ...captured }: Captured): boolean {
  const held = object(json(text));
  return held !== undefined && render({ ...captured, capturedAt: String(held['capturedAt']) }) === text;
}

function render({ adminName, appName, capturedAt, timestamp, values }: Captured): string {
  return `${JSON.stringify({ adminName, appName, capturedAt, timestamp, values }, undefined, 1)}\n`;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Malformed is the same as absent, and said so by the caller.
    return undefined;
  }
}

function object(value: unknown): Readonly<Record<string, unknown>> | undefined {
  // Just checked; every property is unknown.
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}
