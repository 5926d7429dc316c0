import type { Reporter, SerializedError, TestCase, TestModule, TestRunEndReason, Vitest } from 'vitest/node';

/**
 * Ends a run with what was skipped and why, and with one line `N passed, N failed, N skipped` alone.
 *
 * A file that can't be loaded, a failing hook and an unhandled error count as one failure each, so that the
 * line never says `0 failed` of a run that failed.
 */
export class SummaryReporter implements Reporter {
  readonly #print: (line: string) => void;
  #filtered = false;

  constructor(print: (line: string) => void = console.log) {
    this.#print = print;
  }

  onInit(vitest: Vitest): void {
    this.#filtered = vitest.config.testNamePattern !== undefined;
  }

  onTestRunEnd(
    modules: readonly TestModule[],
    unhandled: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state: 'passed' | 'failed' | 'skipped'): TestCase[] =>
      tests.filter((test) => test.result().state === state);
    const skipped = inState('skipped');
    // A user who asked for some tests by name knows why the others are skipped.
    for (const test of this.#filtered ? [] : skipped) {
      const result = test.result();
      const why = (result.state === 'skipped' && result.note) || 'no reason given';
      this.#print(`skipped: ${test.module.relativeModuleId} > ${test.fullName}: ${why}`);
    }
    const found = inState('failed').length + brokenOutsideTests(modules) + unhandled.length;
    const failed = found === 0 && reason !== 'passed' ? 1 : found;
    this.#print(`${inState('passed').length} passed, ${failed} failed, ${skipped.length} skipped`);
  }
}

function brokenOutsideTests(modules: readonly TestModule[]): number {
  return modules.filter(
    (module) =>
      module.errors().length > 0 ||
      [...module.children.allSuites()].some((suite) => suite.errors().length > 0),
  ).length;
}
