import { targetManifest } from './backends.ts';
import { names } from './names.ts';
import type { Interruption, Scene } from './scenario.ts';

const watching = {
  apiVersion: 'tuf-recovery.dev/v1alpha1',
  kind: 'RecoveryPolicy',
  metadata: { name: 'watching' },
  spec: { apps: [{ adminName: 'alice', appName: 'tuf' }], action: 'Report' },
} as const;

/**
 * Installs the former version, has it work, and upgrades it in the middle of a run.
 *
 * @returns whether this version is installed now; false where there is no former one
 */
export async function upgradeFromFormer(scene: Scene): Promise<boolean> {
  const { provider, kubernetes, operator, report, runs, settings, small, large } = scene;
  const { former } = provider;
  if (former === undefined) {
    report.skipped('upgrade from the former version', 'this clone has no history; git fetch --unshallow');
    return false;
  }
  const rest = `--namespace=${names.app}`;
  await report.step('install the former version', 'an upgrade begins where users are', async () => {
    await operator.installFormer(former);
    await kubernetes.apply(names.app, [
      targetManifest('default', small.rootSHA256),
      targetManifest('slow', large.rootSHA256, 'slow'),
      watching,
    ]);
    await kubernetes.kubectl([rest, 'wait', '--for=condition=Ready', 'rt,rp', '--all', '--timeout=600s']);
    await settings.loseAll();
    await runs.create('former', 'tuf', 'default');
    await runs.requireRecovered('former', small);
  });
  await report.step(
    'upgrade it in the middle of a run',
    'new CRDs come along; the new version ends the run, and knows the runs and policies there are',
    async () => {
      await settings.loseAll();
      await runs.create('upgraded', 'large', 'slow');
      await runs.untilInTheMiddle('upgraded');
      const after = Date.now();
      await operator.upgrade();
      const seconds = await runs.requireRecovered('upgraded', large, { after });
      await runs.requireRecovered('former');
      await kubernetes.until('what the policy knows', async () => {
        const states = await kubernetes.list(names.app, 'bootstrapstates');
        return states.length === 1;
      });
      await kubernetes.kubectl([rest, 'wait', '--for=condition=Ready', 'rp', '--all', '--timeout=600s']);
      await kubernetes.kubectl([rest, 'delete', 'recoverypolicy', watching.metadata.name]);
      return `the run took ${seconds} s`;
    },
  );
  return true;
}

/** The way back, which only a release that began at the former version has. */
export const rollbackToFormer: Interruption = {
  name: 'rollback to the former version',
  proves: 'the former version ends a run that this one began; its CRDs come back, and no object is lost',
  core: false,
  interrupt: async ({ operator }) => {
    await operator.rollback(1);
    return () => operator.upgrade();
  },
};
