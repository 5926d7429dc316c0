import { execFile } from 'node:child_process';
import { parseAllDocuments } from 'yaml';
import { asset } from '../harness/assets.ts';

/** The chart, relative to the repository root. */
export const CHART = 'charts/tuf-recovery-operator';

/** A rendered object, as far as the tests look into it. */
export interface Rendered {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** Runs helm; rejects with what it wrote to standard error. */
export function helm(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      asset('helm'),
      [...args],
      { maxBuffer: 64 * 1024 * 1024, env: { ...process.env, ...env } },
      (error, stdout, stderr) => {
        if (error) {
          reject(new Error(`helm ${args.join(' ')}:\n${stderr}`, { cause: error }));
        } else {
          resolve(stdout);
        }
      },
    );
  });
}

/**
 * The chart rendered with these values (`a.b=c`), in order. The release is called `r`, its namespace `ops`.
 */
export async function render(...values: readonly string[]): Promise<readonly Rendered[]> {
  return parseObjects(
    await helm([
      ...['template', 'r', CHART, '--namespace=ops', '--kube-version=1.36'],
      ...values.map((value) => `--set=${value}`),
    ]),
  );
}

/** The objects of a multi-document manifest; empty documents are left out. */
export function parseObjects(manifest: string): readonly Rendered[] {
  return parseAllDocuments(manifest).flatMap((document) => {
    // Every document of a manifest is an object of the API; the tests look at single fields.
    const object = document.toJS() as Rendered | null;
    return object === null ? [] : [object];
  });
}

/** The one object of that kind whose name ends so. */
export function one(objects: readonly Rendered[], kind: string, ending = ''): Rendered {
  const found = objects.filter((object) => object.kind === kind && object.metadata.name.endsWith(ending));
  const [object] = found;
  if (object === undefined || found.length > 1) {
    throw new Error(`${found.length} objects ${kind} *${ending}: ${found.map((each) => each.metadata.name)}`);
  }
  return object;
}

/** Values that turn everything on. */
export const EVERYTHING = [
  'shim.enabled=true',
  'shim.auth.sharedSecret.existingSecret=faynosync',
  'shim.auth.sharedSecret.keys={JWT_SECRET,JWT_SECRET_OLD}',
  'shim.admins.names={alice,bob}',
  'shim.tenants.byAdmin[0].admin=bob',
  'shim.tenants.byAdmin[0].namespace=bob',
  'shim.tenants.byAdmin[0].target=default',
  'shim.ingress.enabled=true',
  'shim.ingress.host=updates.example.com',
  'shim.ingress.tasks=true',
  'shim.httpRoute.enabled=true',
  'shim.httpRoute.parentRefs[0].name=gateway',
  'shim.autoscaling.enabled=true',
  'networkPolicy.enabled=true',
  'notifications.existingSecret=webhook',
  'notifications.cluster=prod',
  'monitoring.serviceMonitor.enabled=true',
  'monitoring.prometheusRule.enabled=true',
  'monitoring.dashboard.enabled=true',
] as const;
