import { setTimeout as delay } from 'node:timers/promises';
import type { Pod } from './kubernetes.ts';
import { component, names } from './names.ts';
import type { Scene } from './scenario.ts';

/** What an idle controller may take of its memory limit, in MiB. */
const idleMiB = 64;
/** A controller looks every ten seconds whether it is idle; a slow start takes several looks. */
const settlingMs = { least: 15_000, most: 120_000 };

/** Replaces every pod of the controller and measures. Times are reported and not judged: machines differ. */
export async function measureRollout(scene: Scene): Promise<void> {
  const proves = `an idle controller takes ${idleMiB} MiB at most, also the leader`;
  await scene.report.step('roll out anew', proves, async () => {
    const { kubernetes, controllers } = scene;
    const before = new Set((await controllers.pods()).map(({ metadata }) => metadata.uid));
    const start = performance.now();
    await kubernetes.kubectl([
      ...[`--namespace=${names.operator}`, 'rollout', 'restart', 'deployment'],
      `--selector=${component('controller')}`,
    ]);
    await controllers.untilReady();
    const rollout = (performance.now() - start) / 1_000;
    const leader = await kubernetes.until('one of the new pods to lead', async () => {
      const seen = await controllers.leader();
      return before.has(seen.metadata.uid) ? undefined : seen;
    });
    const handedOver = (performance.now() - start) / 1_000;
    const pods = (await controllers.pods()).filter(({ metadata }) => !before.has(metadata.uid));
    const ready = Math.max(...pods.map(secondsUntilReady));
    const used = await idleMemory(scene, leader, pods);
    return [
      `${rollout.toFixed(1)} s, handed over after ${handedOver.toFixed(1)} s`,
      `Ready within ${ready} s of the start, ${used}`,
    ].join(', ');
  });
}

/** What each of the controllers takes once it is idle. */
async function idleMemory({ kubernetes, controllers }: Scene, leader: Pod, pods: readonly Pod[]) {
  await delay(settlingMs.least);
  return kubernetes.until(
    'the memory of idle controllers',
    async () => {
      const used = await Promise.all(
        pods.map(async (pod) => {
          const mebibytes = Math.round((await controllers.memoryOf(pod)) / 2 ** 20);
          return { pod, mebibytes };
        }),
      );
      const text = used
        .map(({ pod, mebibytes }) => {
          return `the ${pod.metadata.uid === leader.metadata.uid ? 'leader' : 'other'} takes ${mebibytes} MiB`;
        })
        .join(', ');
      if (!used.every(({ mebibytes }) => mebibytes <= idleMiB)) {
        throw new Error(text);
      }
      return text;
    },
    settlingMs.most,
  );
}

/** From the start of its container until it was Ready; Kubernetes keeps whole seconds. */
function secondsUntilReady({ status }: Pod): number {
  const started = status.containerStatuses?.[0]?.state?.running?.startedAt ?? '';
  const ready = status.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? '';
  return (Date.parse(ready) - Date.parse(started)) / 1_000;
}
