import type { Pod } from './kubernetes.ts';
import { component, names } from './names.ts';
import type { Scene } from './scenario.ts';

/** What an idle controller may take of its memory limit, in MiB. */
const idleMiB = 64;

/** Replaces every pod of the controller and measures. Times are reported and not judged: machines differ. */
export async function measureRollout({ kubernetes, controllers, report }: Scene): Promise<void> {
  await report.step('roll out anew', `an idle controller takes ${idleMiB} MiB at most`, async () => {
    const before = new Set((await controllers.pods()).map(({ metadata }) => metadata.uid));
    const start = performance.now();
    await kubernetes.kubectl([
      ...[`--namespace=${names.operator}`, 'rollout', 'restart', 'deployment'],
      `--selector=${component('controller')}`,
    ]);
    await controllers.untilReady();
    const rollout = (performance.now() - start) / 1_000;
    const pods = (await controllers.pods()).filter(({ metadata }) => !before.has(metadata.uid));
    // It shrinks a moment after its start.
    const most = await kubernetes.until('the memory of idle controllers', async () => {
      const memory = await Promise.all(pods.map((pod) => controllers.memoryOf(pod)));
      const mebibytes = Math.max(...memory) / 2 ** 20;
      if (mebibytes > idleMiB) {
        throw new Error(`An idle controller takes ${mebibytes.toFixed(0)} MiB.`);
      }
      return mebibytes;
    });
    const ready = Math.max(...pods.map(secondsUntilReady));
    return `${rollout.toFixed(1)} s, Ready within ${ready} s of the start, ${most.toFixed(0)} MiB at most`;
  });
}

/** From the start of its container until it was Ready; Kubernetes keeps whole seconds. */
function secondsUntilReady({ status }: Pod): number {
  const started = status.containerStatuses?.[0]?.state?.running?.startedAt ?? '';
  const ready = status.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? '';
  return (Date.parse(ready) - Date.parse(started)) / 1_000;
}
