import type { RecoveryTargetSpec } from '../../api/recoverytarget.generated.ts';
import { TerminalError } from '../../errors.ts';
import type { App } from '../../recovery/request.ts';
import type { TrustAnchor } from '../../tuf/verify/verification.ts';
import type { References } from './references.ts';

type TrustSpec = RecoveryTargetSpec['trust'];

/** One way to name a root; an app's own entry and the answer for all others have the same form. */
type RootSpec = Pick<TrustSpec, 'rootSHA256' | 'rootConfigMapRef'> & { readonly onFirstUse?: boolean };

/** The root of trust of one app: its own entry, else the answer for all apps. */
export async function trustAnchor(spec: TrustSpec, app: App, references: References): Promise<TrustAnchor> {
  const own = spec.apps?.find(
    ({ adminName, appName }) => adminName === app.adminName && appName === app.appName,
  );
  const anchor = await anchorOf(own ?? spec, references);
  if (anchor !== undefined) {
    return anchor;
  }
  throw new TerminalError(
    'InvalidReference',
    `The RecoveryTarget trusts no root for app ${app.appName} of admin ${app.adminName}. Add the app under spec.trust.apps, or set spec.trust.rootSHA256.`,
  );
}

/** Reads every root the target refers to, so that a missing one is found before a run needs it. */
export async function allAnchors(spec: TrustSpec, references: References): Promise<readonly TrustAnchor[]> {
  const anchors: TrustAnchor[] = [];
  for (const root of [spec, ...(spec.apps ?? [])]) {
    const anchor = await anchorOf(root, references);
    if (anchor !== undefined) {
      anchors.push(anchor);
    }
  }
  return anchors;
}

async function anchorOf(spec: RootSpec, references: References): Promise<TrustAnchor | undefined> {
  const { rootSHA256, rootConfigMapRef: ref, onFirstUse } = spec;
  if (rootSHA256 !== undefined) {
    return { kind: 'sha256', sha256: rootSHA256 };
  }
  if (ref !== undefined) {
    return { kind: 'root', bytes: await references.configMapBytes(ref.name, ref.key) };
  }
  return onFirstUse ? { kind: 'first-use' } : undefined;
}
