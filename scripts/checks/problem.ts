/** Something on a page that is not true. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  /** What is wrong, and what it should be. */
  readonly what: string;
}
