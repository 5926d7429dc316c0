/** Whether another program may be asking the person at the terminal, which displays then leave to it. */
export class Prompts {
  #open = 0;
  readonly #listeners: (() => void)[] = [];

  /** True while at least one of them may ask. */
  get isOpen(): boolean {
    return this.#open > 0;
  }

  /** One may ask from now on, until the result is disposed of. */
  begin(): Disposable {
    this.#open += 1;
    for (const listener of this.#listeners) {
      listener();
    }
    return {
      [Symbol.dispose]: () => {
        this.#open -= 1;
      },
    };
  }

  /** Calls `listener` each time before one may ask. */
  onBegin(listener: () => void): void {
    this.#listeners.push(listener);
  }
}
