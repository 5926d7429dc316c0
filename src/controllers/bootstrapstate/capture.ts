import type { Logger } from 'pino';
import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import { captureFailedEvent, failureEventNote } from '../../api/events.ts';
import { APIError } from '../../kube/client/api-error.ts';
import {
  type CaptureStatus,
  inlineCapture,
  writeCaptureConfigMap,
} from '../app-history/captured-settings.ts';
import { NotOwnedError } from '../status/owned-config-map.ts';
import type { StatusWriterDependencies } from '../status/status-writer.ts';
import { settingsName } from './names.ts';

/** What a copy of settings is written with. */
export type CaptureDependencies = Pick<
  StatusWriterDependencies,
  'client' | 'clock' | 'recorder' | 'assertLeading'
>;

/**
 * The copy of the settings of a healthy app: in its status when they are few, else in a ConfigMap. A copy is
 * optional: what keeps it from being written (quota, admission, a missing permission, a foreign object of its
 * name) is an event, and the copy before stays.
 */
export async function captureSettings(
  { client, clock, recorder, assertLeading }: CaptureDependencies,
  state: BootstrapState,
  settings: ReadonlyMap<string, string>,
  timestamp: { readonly version: number; readonly sha256: string },
  logger: Logger,
  signal: AbortSignal,
): Promise<CaptureStatus> {
  assertLeading();
  const { status, metadata } = state;
  const now = clock.now();
  const inline = inlineCapture(status, settings, timestamp, now);
  if (inline !== undefined) {
    return inline;
  }
  const before: CaptureStatus = status.settingsRef === undefined ? {} : { settingsRef: status.settingsRef };
  try {
    const name = settingsName(metadata.uid);
    const copy = await writeCaptureConfigMap(client, state, name, settings, timestamp, now, signal);
    if (copy === undefined) {
      const note = `The app has more settings than a ConfigMap holds: ${settings.size}. No copy is kept.`;
      recorder.event(state, { ...captureFailedEvent, note });
    }
    return copy ?? before;
  } catch (error) {
    if (!(error instanceof APIError || error instanceof NotOwnedError)) {
      throw error;
    }
    logger.warn({ err: error }, 'captured settings could not be written; the copy before stays');
    const note = failureEventNote('The settings could not be copied to a ConfigMap', error);
    recorder.event(state, { ...captureFailedEvent, note });
    return before;
  }
}
