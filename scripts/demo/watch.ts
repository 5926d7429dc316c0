import type { Parts } from './parts.ts';
import type { Screen } from './screen.ts';

const patienceMs = 60_000;
const pauseMs = 100;

/**
 * Shows a run's progress until it has ended.
 *
 * @returns its task id
 * @throws Error with the reason and message of a run that failed, or that did not end within a minute
 */
export async function followRun(parts: Parts, name: string, screen: Screen): Promise<string> {
  const begun = performance.now();
  let shown = '';
  while (performance.now() - begun < patienceMs) {
    const run = await parts.run(name);
    if (run.stage !== undefined && run.stage !== shown) {
      shown = run.stage;
    }
    const message = run.message.split('\n')[0] ?? '';
    screen.live(`  ${screen.bar(run.completed, run.total)}  ${shown.padEnd(8)} ${screen.dim(message)}`);
    if (run.succeeded === 'True') {
      screen.settle(`  ${screen.bar(1, 1)}  ${screen.bold(run.reason)}: ${run.message}`);
      return run.taskID;
    }
    if (run.succeeded === 'False') {
      throw new Error(`The run ended with ${run.reason}: ${run.message}`);
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  throw new Error(
    `The run ${name} did not end within a minute. The controller's log:\n${await parts.controllerLog()}`,
  );
}
