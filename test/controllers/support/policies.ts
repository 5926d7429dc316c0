import type { BootstrapRecovery } from '../../../src/api/bootstraprecovery.generated.ts';
import type { RecoveryPolicy, RecoveryPolicyManifest } from '../../../src/api/recoverypolicy.generated.ts';
import { apiVersion } from '../../../src/api/resources.ts';
import type { GoldenApp } from '../../harness/golden.ts';
import { poll } from '../../harness/poll.ts';
import type { TestNamespace } from './namespace.ts';

/** A day: in these tests only a trigger has a policy look. */
const never = 86_400;

/** A policy on the API server, with the means to have it look exactly once. */
export interface TestPolicy {
  readonly name: string;
  get(): Promise<RecoveryPolicy>;
  /** Its only app, as its status has it. */
  app(): Promise<NonNullable<RecoveryPolicy['status']['apps']>[number]>;
  change(spec: Partial<RecoveryPolicyManifest['spec']>): Promise<void>;
  /** Has it look once; returns what it says then. */
  look(): Promise<RecoveryPolicy>;
  /** Waits until what it says fulfils the condition. */
  until(what: string, condition: (policy: RecoveryPolicy) => boolean): Promise<RecoveryPolicy>;
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
  let triggers = 0;
  const policy = existingPolicy(namespace, name);
  await namespace.apply({
    apiVersion,
    kind: 'RecoveryPolicy',
    metadata: { name },
    spec: { apps: [{ adminName: app.admin, appName: app.app }], intervalSeconds: never, ...spec },
  });
  return {
    ...policy,
    async look() {
      triggers += 1;
      const trigger = `look-${triggers}`;
      await policy.change({ trigger });
      return policy.until(
        `to have handled ${trigger}`,
        ({ status }) => status.lastHandledTrigger === trigger,
      );
    },
  };
}

/** A policy that somebody else created. */
export function existingPolicy(namespace: TestNamespace, name: string): Omit<TestPolicy, 'look'> {
  const get = async (): Promise<RecoveryPolicy> =>
    // The API server validated it against the schema these types are made from.
    JSON.parse(await namespace.kubectl('get', 'rp', name, '--output=json')) as RecoveryPolicy;
  return {
    name,
    get,
    async app() {
      const [entry] = (await get()).status.apps ?? [];
      if (entry === undefined) {
        throw new Error(`the policy ${name} looks at no app`);
      }
      return entry;
    },
    async change(spec) {
      await namespace.kubectl('patch', 'rp', name, '--type=merge', `--patch=${JSON.stringify({ spec })}`);
    },
    until: (what, condition) =>
      poll(`policy ${name} ${what}`, async () => {
        const policy = await get();
        return condition(policy) ? policy : undefined;
      }),
    async runs() {
      const { metadata } = await get();
      const list = await namespace.kubectl('get', 'bsr', '--output=json');
      const { items }: { items: BootstrapRecovery[] } = JSON.parse(list);
      return items.filter((run) => run.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid));
    },
  };
}
