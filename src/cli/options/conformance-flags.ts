/** Flags of `conformance`, given before its sub-command as the suite's protocol wants. */
export interface ConformanceFlags {
  readonly metadataDir: string;
  readonly metadataUrl?: string;
  readonly targetName?: readonly string[];
  readonly targetBaseUrl?: string;
  readonly targetDir?: string;
}
