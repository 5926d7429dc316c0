import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { BootstrapState, BootstrapStateStatus } from '../../api/bootstrapstate.generated.ts';
import { stateLabel } from '../../api/resources.ts';
import { rfc3339 } from '../../api/stored-time.ts';
import type { APIClient } from '../../kube/client/api-client.ts';
import { isForbidden, isNotFound } from '../../kube/client/api-error.ts';
import type { ObjectKey } from '../../kube/client/object-key.ts';
import { configMaps } from '../../kube/client/secret-or-config-map.ts';
import type { App, CapturedSettings } from '../../recovery/request.ts';
import { writeOwnedConfigMap } from '../status/owned-config-map.ts';

const dataKey = 'settings.json';

/**
 * Characters of captured settings. A ConfigMap takes 1 MiB; an app with more settings is inferred as before.
 */
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

/** Where a copy of settings is: in the status itself, or in a ConfigMap that it names. */
export type CaptureStatus = Pick<BootstrapStateStatus, 'capturedSettings' | 'settingsRef'>;

/** Most settings, and longest key and value, that the status itself takes. */
const inline = { settings: 64, key: 512, value: 64 } as const;

/**
 * The copy as the status holds it; undefined when there are too many settings for that. The time of an equal
 * copy stays: nothing about it has changed.
 */
export function inlineCapture(
  before: CaptureStatus,
  settings: ReadonlyMap<string, string>,
  timestamp: Captured['timestamp'],
  now: Date,
): CaptureStatus | undefined {
  const small =
    settings.size <= inline.settings &&
    [...settings].every(([key, value]) => key.length <= inline.key && value.length <= inline.value);
  if (!small) {
    return undefined;
  }
  const held = before.capturedSettings;
  const values = [...settings].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => ({ key, value }));
  const same =
    held !== undefined && held.timestampSHA256 === timestamp.sha256 && isDeepStrictEqual(held.values, values);
  return {
    capturedSettings: same
      ? held
      : {
          captureTime: rfc3339(now),
          timestampVersion: timestamp.version,
          timestampSHA256: timestamp.sha256,
          values,
        },
  };
}

/**
 * Keeps the copy in a ConfigMap that the BootstrapState owns. No write when it holds it already; one with
 * another owner is left alone.
 *
 * @returns undefined when there are more settings than a ConfigMap holds
 * @throws {NotOwnedError} or what the API client throws; the copy is optional, so the caller continues
 *   without it
 */
export async function writeCaptureConfigMap(
  client: APIClient,
  state: BootstrapState,
  name: string,
  settings: ReadonlyMap<string, string>,
  timestamp: Captured['timestamp'],
  now: Date,
  signal: AbortSignal,
): Promise<CaptureStatus | undefined> {
  const { adminName, appName } = state.spec;
  const values = Object.fromEntries(settings);
  const captured: Captured = { adminName, appName, capturedAt: now.toISOString(), timestamp, values };
  const text = render(captured);
  if (text.length > maxLength) {
    return undefined;
  }
  const { namespace } = state.metadata;
  const held = await read(client, { namespace, name }, signal);
  if (held !== undefined && isSame(held, captured)) {
    return { settingsRef: { name } };
  }
  const labels = { [stateLabel]: state.metadata.name };
  await writeOwnedConfigMap(client, state, { name, labels, data: { [dataKey]: text } }, { signal });
  return { settingsRef: { name } };
}

/** The copy that the status itself holds; undefined when it holds none. */
export function inlineSettings({ capturedSettings }: CaptureStatus): CapturedSettings | undefined {
  if (capturedSettings === undefined) {
    return undefined;
  }
  const capturedAt = new Date(capturedSettings.captureTime);
  return Number.isNaN(capturedAt.getTime())
    ? undefined
    : {
        capturedAt,
        timestampSHA256: capturedSettings.timestampSHA256,
        values: new Map(capturedSettings.values.map(({ key, value }) => [key, value])),
      };
}

/** The settings that were captured of an app; undefined when there are none that can be read. */
export async function readSettingsConfigMap(
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

/**
 * What a person or another program may have changed, read without trust: each value is checked again where it
 * is used.
 */
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
