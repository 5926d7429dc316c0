/** One thing that the scenario did. */
interface Step {
  readonly name: string;
  readonly proves: string;
  readonly seconds: number;
}

/** Tells what is being done, what it proves and how long it took. */
export class Report {
  readonly #steps: Step[] = [];
  readonly #skipped: string[] = [];

  /** Runs one step; a text it returns is shown. A failure names the step. */
  async step<T>(name: string, proves: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    process.stdout.write(`${name} … `);
    try {
      const result = await work();
      const seconds = (performance.now() - start) / 1000;
      this.#steps.push({ name, proves, seconds });
      console.log(`${seconds.toFixed(1)} s${typeof result === 'string' ? `: ${result}` : ''}`);
      return result;
    } catch (error) {
      console.log('failed');
      throw new Error(
        `The step "${name}" failed. It was to prove: ${proves}.\n${error instanceof Error ? error.message : error}`,
        { cause: error },
      );
    }
  }

  /** A step that can't be taken here, and why. */
  skipped(name: string, why: string): void {
    console.log(`${name} … skipped: ${why}`);
    this.#skipped.push(`not done: ${name}: ${why}`);
  }

  /** Every step with its time, and the sum. */
  table(): string {
    const rows = this.#steps.map(({ name, proves, seconds }) => [seconds.toFixed(1), name, proves] as const);
    const total = this.#steps.reduce((sum, { seconds }) => sum + seconds, 0);
    const width = Math.max(4, ...rows.map(([, name]) => name.length));
    const line = (seconds: string, name: string, proves: string): string =>
      `${seconds.padStart(7)}  ${name.padEnd(width)}  ${proves}`.trimEnd();
    return [
      line('seconds', 'step', 'proves'),
      ...rows.map((row) => line(...row)),
      line(total.toFixed(1), 'in all', ''),
      ...this.#skipped,
    ].join('\n');
  }
}
