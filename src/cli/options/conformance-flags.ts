/** Flags of `conformance`, given before its sub-command as the suite's protocol wants. */
export interface ConformanceFlags {
  readonly metadataDir: string;
  readonly metadataURL?: string;
  readonly targetName?: readonly string[];
  readonly targetBaseURL?: string;
  readonly targetDir?: string;
}
