import type { BootstrapRecovery } from '../../../src/api/bootstraprecovery.generated.ts';
import type { RecoveryTarget } from '../../../src/api/recoverytarget.generated.ts';
import { poll } from '../../../test/harness/poll.ts';
import type { Report } from '../report.ts';
import { Kustomization, type Verdict } from './kustomization.ts';
import { examplePolicy, exampleTarget, references, run } from './manifests.ts';
import { appNamespace, type Stage } from './stage.ts';

/** What is promised to those who keep targets, policies and runs in Git, held against the real Flux. */
export async function runFluxScenario(stage: Stage, report: Report): Promise<void> {
  const { cluster, repository, git, redis, app } = stage;
  const flux = new Kustomization(cluster);
  const kubectl = (...args: readonly string[]): Promise<string> =>
    cluster.kubectl([`--namespace=${appNamespace}`, ...args]);
  const push = async (message: string): Promise<Verdict> => {
    const commit = await repository.push(message);
    await flux.reconcile();
    return flux.verdict(commit);
  };
  const client = await redis.client();
  let waiting = '';

  await report.step(
    'target and policy in Git, without the Secrets',
    'the target says what is missing, and Flux waits for it',
    async () => {
      await repository.add('target.yaml', await exampleTarget(stage));
      waiting = await repository.push('target and policy');
      await flux.apply(git);
      await flux.reconcile();
      await kubectl('wait', '--for=create', 'recoverytarget/default', '--timeout=600s');
      await kubectl('wait', '--for=condition=Ready=False', 'recoverytarget/default', '--timeout=600s');
      const target: RecoveryTarget = JSON.parse(await kubectl('get', 'rt', 'default', '--output=json'));
      const reasons = target.status.conditions?.map(({ type, reason }) => `${type} ${reason}`) ?? [];
      if (
        !reasons.includes('Ready ReferenceNotFound') ||
        reasons.some((each) => each.startsWith('Stalled'))
      ) {
        throw new Error(`The target says ${reasons.join(', ')}.`);
      }
    },
  );
  await report.step('the Secrets arrive', 'the same commit is Ready', async () => {
    await client.mset(app.settings);
    await cluster.apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: references(stage) }));
    expect(await flux.verdict(waiting), 'True');
    expect(await push('nothing changed'), 'True');
  });
  await report.step(
    'a loss, and a run in Git',
    'Recovered, and the Kustomization is Ready after it',
    async () => {
      await client.flushall();
      await repository.add('run.yaml', run('tuf'));
      expect(await push('recover'), 'True');
      await requireReason(kubectl, 'tuf', 'Recovered');
      for (const [key, value] of Object.entries(app.settings)) {
        const found = await client.get(key);
        if (!key.startsWith('BOOTSTRAP_') && found !== value) {
          throw new Error(`${key} is "${found}", but was "${value}".`);
        }
      }
    },
  );
  await report.step('a run that fails', 'False long before the time-out of 6 minutes', async () => {
    await repository.add('unknown.yaml', run('unknown', { appName: 'unknown' }));
    expect(await push('an app that does not exist'), 'False', /unknown/);
  });
  await report.step('it is taken out of Git', 'pruned, and Ready again', async () => {
    await repository.remove('unknown.yaml');
    expect(await push('without it'), 'True');
    await poll('the run to be pruned', async () => {
      const left = await kubectl('get', 'bootstraprecoveries', '--output=name');
      return !left.includes('unknown');
    });
  });
  await report.step('a suspended run', 'Ready: it waits for a person, not for Flux', async () => {
    await repository.add('suspended.yaml', run('suspended', { suspend: true }));
    expect(await push('a run for later'), 'True');
  });
  await report.step('a suspended policy', 'Ready', async () => {
    await repository.add('policy.yaml', await examplePolicy({ suspend: true }));
    expect(await push('no looks for a while'), 'True');
  });
  await report.step('a run deleted by hand', 'created again, it finds nothing to do', async () => {
    await kubectl('delete', 'bootstraprecovery', 'tuf');
    expect(await push('nothing changed again'), 'True');
    await requireReason(kubectl, 'tuf', 'AlreadyConsistent');
  });
  await report.step('drift by hand', 'corrected, and no run comes of it', async () => {
    const before = await runNames(kubectl);
    await kubectl(
      ...['patch', 'recoverytarget', 'default', '--type=merge'],
      '--patch={"spec":{"storage":{"bucket":"another"}}}',
    );
    expect(await push('nothing changed, either'), 'True');
    const corrected = JSON.parse(
      await kubectl('get', 'recoverytarget', 'default', '--output=json'),
    ) as RecoveryTarget;
    if (corrected.spec.storage.bucket !== stage.bucket) {
      throw new Error(`The bucket is still ${corrected.spec.storage.bucket}.`);
    }
    const after = await runNames(kubectl);
    if (after !== before) {
      throw new Error(`The runs were ${before}, and are ${after}.`);
    }
  });
}

type Kubectl = (...args: readonly string[]) => Promise<string>;

/** @throws Error with what Flux said instead */
function expect({ status, reason, message }: Verdict, wanted: Verdict['status'], words = /./): void {
  if (status !== wanted || !words.test(message)) {
    throw new Error(`Flux says Ready=${status} (${reason}): ${message}`);
  }
}

async function requireReason(kubectl: Kubectl, name: string, reason: string): Promise<void> {
  const { status } = JSON.parse(
    await kubectl('get', 'bootstraprecovery', name, '--output=json'),
  ) as BootstrapRecovery;
  const found = status.conditions?.find(({ type }) => type === 'Succeeded');
  if (found?.reason !== reason) {
    throw new Error(`Run ${name} is ${found?.reason}, not ${reason}: ${found?.message}`);
  }
}

/** The runs there are, each with its uid. */
function runNames(kubectl: Kubectl): Promise<string> {
  const format = '--output=jsonpath={range .items[*]}{.metadata.name}/{.metadata.uid} {end}';
  return kubectl('get', 'bootstraprecoveries', format);
}
