import { readFile } from 'node:fs/promises';
import { component, names } from './names.ts';
import type { Scene } from './scenario.ts';

/** The chart's own tests, as a user runs them after the installation. */
export async function helmTest({ kubernetes, operator, report }: Scene): Promise<void> {
  await report.step('helm test', "the chart's own tests pass, and their pod goes", async () => {
    await operator.test();
    // An uninstallation leaves what is a hook's.
    await kubernetes.until('the pod of the tests to go', async () => {
      return (await kubernetes.list(names.operator, 'pods', component('test'))).length === 0;
    });
  });
}

/** The chart's NetworkPolicy: at first it does not know the port of the store, then it does. */
export async function enforcePolicies(scene: Scene): Promise<void> {
  const { operator, report, runs, settings, small } = scene;
  const run = 'walled-in';
  await report.step(
    'NetworkPolicy without the port of S3',
    'egress is denied, and the run says so',
    async () => {
      await operator.upgrade('networkPolicy.enabled=true');
      await settings.loseAll();
      await runs.create(run, 'tuf', 'default');
      return (await runs.untilRetrying(run)).split('. ')[0];
    },
  );
  await report.step('NetworkPolicy with it', 'DNS, API server, Redis and S3 are enough', async () => {
    await operator.upgrade('networkPolicy.enabled=true', 'networkPolicy.storage.ports={7070}');
    await runs.requireRecovered(run, small, { attempts: 'several' });
    await operator.upgrade();
  });
}

/**
 * The plain manifest in place of the release, which is gone. It ends with the namespace of the app, in the
 * middle of a run.
 */
export async function installManifest(scene: Scene): Promise<void> {
  const { kubernetes, provider, report, runs, settings, small } = scene;
  const { repository, tag } = provider.images.operator;
  const text = await readFile('deploy/install.yaml', 'utf8');
  const manifest = text.replaceAll(/image: \S+/g, `image: ${repository}:${tag}`);
  const apply = ['apply', '--server-side', '--force-conflicts', '--filename=-'];
  await report.step('deploy/install.yaml', 'it works without Helm', async () => {
    await kubernetes.kubectl(apply, manifest);
    await kubernetes.kubectl([
      ...[`--namespace=${names.operator}`, 'wait', '--for=condition=Available', 'deployment', '--all'],
      '--timeout=600s',
    ]);
    await settings.loseAll();
    await runs.create('plain', 'tuf', 'default');
    await runs.requireRecovered('plain', small);
  });
  await report.step('delete the namespace in the middle of a run', 'the operator lets it go', async () => {
    await settings.loseAll();
    await runs.create('deleted', 'large', 'slow');
    await runs.untilInTheMiddle('deleted');
    await kubernetes.kubectl(['delete', 'namespace', names.app, '--timeout=600s']);
  });
  await report.step('delete deploy/install.yaml', 'CRDs and namespace go with it', () =>
    kubernetes.kubectl(['delete', '--filename=-', '--timeout=600s'], manifest),
  );
}
