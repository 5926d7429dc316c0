import type { BootstrapRecovery } from '../../../src/api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../../src/api/bootstrapstate.generated.ts';
import type { RecoveryPolicy, RecoveryPolicyManifest } from '../../../src/api/recoverypolicy.generated.ts';
import { apiVersion } from '../../../src/api/resources.ts';
import { stateName } from '../../../src/controllers/bootstrapstate/names.ts';
import type { GoldenApp } from '../../harness/golden.ts';
import { pollObject } from '../../harness/poll.ts';
import type { TestNamespace } from './namespace.ts';

/** A policy on the API server and the one app it guards. */
export interface TestPolicy {
  readonly name: string;
  get(): Promise<RecoveryPolicy>;
  /** Its only app. */
  app(): Promise<BootstrapState>;
  change(spec: Partial<RecoveryPolicyManifest['spec']>): Promise<void>;
  /** Has everything verified in full; returns the app as it is then. */
  verify(): Promise<BootstrapState>;
  /** Waits until what the policy says fulfils the condition. */
  until(what: string, condition: (policy: RecoveryPolicy) => boolean): Promise<RecoveryPolicy>;
  /** Waits until what its app says fulfils the condition. */
  untilApp(what: string, condition: (state: BootstrapState) => boolean): Promise<BootstrapState>;
  /** The runs it owns. */
  runs(): Promise<readonly BootstrapRecovery[]>;
}

/** Creates a policy for one app. */
export async function createPolicy(
  namespace: TestNamespace,
  name: string,
  app: Pick<GoldenApp, 'admin' | 'app'>,
  spec: Partial<RecoveryPolicyManifest['spec']> = {},
): Promise<TestPolicy> {
  await namespace.apply({
    apiVersion,
    kind: 'RecoveryPolicy',
    metadata: { name },
    spec: { apps: [{ adminName: app.admin, appName: app.app }], ...spec },
  });
  return existingPolicy(namespace, name, app, spec.targetRef?.name);
}

/** A policy that exists already, seen from one of its apps. */
export function existingPolicy(
  namespace: TestNamespace,
  name: string,
  app: Pick<GoldenApp, 'admin' | 'app'>,
  target = 'default',
): TestPolicy {
  let triggers = 0;
  const state = stateName(target, { adminName: app.admin, appName: app.app });
  const read = async <T>(kind: string, object: string): Promise<T> =>
    // The API server validated it against the schema these types are made from.
    JSON.parse(await namespace.kubectl('get', kind, object, '--output=json')) as T;
  const until = <T>(what: string, get: () => Promise<T>, condition: (object: T) => boolean): Promise<T> =>
    pollObject(`policy ${name} ${what}`, get, condition);
  const policy: TestPolicy = {
    name,
    get: () => read<RecoveryPolicy>('rp', name),
    app: () => read<BootstrapState>('bst', state),
    async change(spec) {
      await namespace.kubectl('patch', 'rp', name, '--type=merge', `--patch=${JSON.stringify({ spec })}`);
    },
    async verify() {
      triggers += 1;
      const trigger = `verify-${triggers}`;
      await policy.change({ trigger });
      await policy.until(`to have handled ${trigger}`, ({ status }) => status.lastHandledTrigger === trigger);
      return policy.app();
    },
    until: (what, condition) => until(what, policy.get, condition),
    untilApp: (what, condition) => until(what, policy.app, condition),
    async runs() {
      const { metadata } = await policy.get();
      const list = await namespace.kubectl('get', 'bsr', '--output=json');
      const { items }: { items: BootstrapRecovery[] } = JSON.parse(list);
      return items.filter((run) => run.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid));
    },
  };
  return policy;
}
