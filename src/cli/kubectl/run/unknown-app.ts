import type { BootstrapRecoveryManifestSpec } from '../../../api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../../api/bootstrapstate.generated.ts';
import type { RecoveryTarget } from '../../../api/recoverytarget.generated.ts';
import { bootstrapStates, recoveryTargets } from '../../../api/resources.ts';
import { isForbidden, isNotFound } from '../../../kube/client/api-error.ts';
import { findObject } from '../../../kube/client/find-object.ts';
import type { Resource } from '../../../kube/client/resource.ts';
import type { CommandContext } from '../../context.ts';
import { terminalText } from '../../output/terminal-text.ts';
import { type AppName, formatAppName, knownAppsHint } from '../app-name.ts';
import type { ClusterConnection } from '../connection.ts';

const targets: Resource<RecoveryTarget> = recoveryTargets;
const states: Resource<BootstrapState> = bootstrapStates;

/** The name of the target where none is given; the schema's default. */
const defaultTarget = 'default';

/**
 * Warns of an app that is neither in the bucket nor guarded, and names those that are: it is misspelt more
 * often than it is new. The run is started all the same, because the controller lists the bucket only from
 * time to time. Says nothing where that can't be known.
 */
export async function warnOfUnknownApp(
  connection: ClusterConnection,
  { adminName, appName, targetRef }: BootstrapRecoveryManifestSpec,
  context: CommandContext,
): Promise<void> {
  const target = targetRef?.name ?? defaultTarget;
  const known = await knownApps(connection, target, context.signal);
  const name = formatAppName({ adminName, appName });
  if (known === undefined || known.length === 0 || known.some((each) => formatAppName(each) === name)) {
    return;
  }
  context.stderr.write(
    `warning: ${terminalText(name)} is not in the bucket of RecoveryTarget "${target}". ${knownAppsHint(known)}\n`,
  );
}

/** Undefined when the list may lack some. */
async function knownApps(
  { api, namespace }: ClusterConnection,
  name: string,
  signal: AbortSignal,
): Promise<readonly AppName[] | undefined> {
  try {
    const [target, guarded] = await Promise.all([
      findObject(api, targets, { namespace, name }, signal),
      api.list(states, { namespace, signal }),
    ]);
    const { apps, appCount = 0 } = target?.status ?? {};
    if (apps === undefined || appCount >= mostListed) {
      return undefined;
    }
    const ofTarget = guarded.items.filter(({ spec }) => spec.targetRef.name === name);
    return [...apps, ...ofTarget.map(({ spec }) => spec)];
  } catch (error) {
    if (isForbidden(error) || isNotFound(error)) {
      return undefined;
    }
    throw error;
  }
}

/** A target's status names no more apps. */
const mostListed = 100;
