import type { Logger } from 'pino';
import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import { type CaptureStatus, inlineSettings } from '../app-history/captured-settings.ts';
import { settingsFrom } from '../loss-detection/redis-reading.ts';
import { type CaptureDependencies, captureSettings } from './capture.ts';
import type { AppReading } from './read-app.ts';
import { type RecoverableStatus, recoverableStatus } from './recoverable.ts';

/** What is kept of a healthy app, and what a recovery would make of it. */
export interface Drill {
  /** The copy of its settings; undefined: as before. */
  readonly capture?: CaptureStatus;
  /** Undefined: as before. */
  readonly recoverable?: RecoverableStatus;
}

/**
 * Copies the settings of an app and works out what a recovery would write if all were lost now. Only while
 * the app is healthy: of any other nothing is copied, and what is known stays.
 *
 * @param wantsCopy whether a policy asks for the copy
 */
export async function drill(
  dependencies: CaptureDependencies,
  state: BootstrapState,
  { reading, baseline, values }: AppReading,
  wantsCopy: boolean,
  logger: Logger,
  signal: AbortSignal,
): Promise<Drill> {
  if (reading.kind !== 'consistent' || baseline === undefined || values === undefined) {
    return {};
  }
  const { wouldBe } = baseline;
  const { version, sha256 } = baseline.timestamp;
  const settings = settingsFrom(baseline, values);
  const capture = wantsCopy
    ? await captureSettings(dependencies, state, settings, { version, sha256 }, logger, signal)
    : {};
  if (wouldBe === undefined) {
    return { capture };
  }
  const copied = capture.settingsRef !== undefined ? settings : inlineSettings(capture)?.values;
  return { capture, recoverable: recoverableStatus(wouldBe, settings, copied) };
}
