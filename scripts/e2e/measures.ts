import type { Pod } from './kubernetes.ts';
import { component, names } from './names.ts';
import type { Scene } from './scenario.ts';

/** What a controller that stands by may take of its memory limit, in MiB. */
const idleMiB = 64;

/** Replaces every pod of the controller and measures. Times are reported and not judged: machines differ. */
export async function measureRollout({ kubernetes, controllers, report }: Scene): Promise<void> {
  await report.step('roll out anew', `a controller that stands by takes ${idleMiB} MiB at most`, async () => {
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
    const used = await kubernetes.until('the memory of a controller that stands by', async () => {
      const memory = await Promise.all(pods.map((pod) => controllers.memoryOf(pod)));
      const mebibytes = memory.map((bytes) => Math.round(bytes / 2 ** 20)).sort((a, b) => a - b);
      if (Math.min(...mebibytes) > idleMiB) {
        throw new Error(`It takes ${Math.min(...mebibytes)} MiB.`);
      }
      return mebibytes;
    });
    const ready = Math.max(...pods.map(secondsUntilReady));
    return `${rollout.toFixed(1)} s, Ready within ${ready} s of the start, ${used.join(' and ')} MiB`;
  });
}

/** From the start of its container until it was Ready; Kubernetes keeps whole seconds. */
function secondsUntilReady({ status }: Pod): number {
  const started = status.containerStatuses?.[0]?.state?.running?.startedAt ?? '';
  const ready = status.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? '';
  return (Date.parse(ready) - Date.parse(started)) / 1_000;
}
