import { component, names } from './names.ts';
import type { Scene } from './scenario.ts';

/** The release is taken away while a run holds its lock, and comes back later. */
export async function uninstallInTheMiddle(scene: Scene): Promise<void> {
  const { kubernetes, controllers, operator, report, runs, settings, small } = scene;
  const run = 'uninstalled';
  await report.step(
    'uninstall while a run holds its lock',
    'the lock is given back or runs out, the run waits for an operator',
    async () => {
      await settings.loseAll();
      await runs.create(run, 'tuf', 'crawling');
      await kubernetes.until('the lock', async () => (await settings.lockOf(small)) !== '');
      await operator.uninstall();
      await kubernetes.until('the controllers to end', async () => (await controllers.pods()).length === 0);
      const ended = performance.now();
      await kubernetes.until('the lock to be given back or to run out', async () => {
        return (await settings.lockOf(small)) === '';
      });
      return `the lock was gone ${((performance.now() - ended) / 1_000).toFixed(0)} s after the last pod`;
    },
  );
  await report.step('install again', 'the run that was left ends right', async () => {
    await operator.install();
    // Helm takes the permissions away together with the pods, so the former release may not have reported it.
    await runs.requireRecovered(run, small, { eventMayBeMissing: true });
  });
}

/** What a release leaves when it goes: the CRDs and what people made, and no more. */
export async function requireNothingLeft({
  kubernetes,
  controllers,
  operator,
  report,
}: Scene): Promise<void> {
  const proves = "only the CRDs and people's own objects stay, and no Lease for the next leader to wait for";
  await report.step('uninstall', proves, async () => {
    await operator.uninstall();
    const kinds =
      'all,configmaps,secrets,serviceaccounts,roles,rolebindings,networkpolicies,poddisruptionbudgets';
    const selector = component('controller').split(',')[0];
    // Helm doesn't wait for the pods.
    await kubernetes.until('everything of the release to go', async () => {
      const left = await kubernetes.kubectl([
        ...['get', `${kinds},clusterroles,clusterrolebindings`, '--all-namespaces', `--selector=${selector}`],
        '--output=name',
      ]);
      if (left.trim() !== '') {
        throw new Error(`helm uninstall left:\n${left}`);
      }
      return true;
    });
    await kubernetes.until(
      "the last leader's Lease to go",
      async () => (await controllers.holders()).length === 0,
    );
  });
}

/** Everything goes: the namespaces, and what holds them. */
export async function deleteNamespaces({ kubernetes, report }: Scene): Promise<void> {
  await report.step('delete the namespaces', 'no finalizer waits for an operator that is gone', () =>
    kubernetes.kubectl([
      ...['delete', 'namespace', names.app, names.operator, '--ignore-not-found', '--timeout=600s'],
    ]),
  );
}
