import type { Logger } from 'pino';
import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import type { APIClient } from '../../kube/client/api-client.ts';
import { APIError } from '../../kube/client/api-error.ts';
import { type CaptureStatus, captureInConfigMap, inlineCapture } from '../app-history/captured-settings.ts';
import { settingsName } from './names.ts';

/**
 * The copy of the settings of a healthy app: in its status when they are few, else in a ConfigMap. A copy is
 * optional: what keeps it from being written (quota, admission, a missing permission) is logged, and the copy
 * before stays.
 */
export async function captureSettings(
  client: APIClient,
  state: BootstrapState,
  settings: ReadonlyMap<string, string>,
  timestamp: { readonly version: number; readonly sha256: string },
  now: Date,
  logger: Logger,
  signal: AbortSignal,
): Promise<CaptureStatus> {
  const { status, metadata } = state;
  const inline = inlineCapture(status, settings, timestamp, now);
  if (inline !== undefined) {
    return inline;
  }
  const before: CaptureStatus = status.settingsRef === undefined ? {} : { settingsRef: status.settingsRef };
  try {
    const name = settingsName(metadata.uid);
    return (await captureInConfigMap(client, state, name, settings, timestamp, now, signal)) ?? before;
  } catch (error) {
    if (!(error instanceof APIError)) {
      throw error;
    }
    logger.warn({ err: error }, 'captured settings could not be written; the copy before stays');
    return before;
  }
}
