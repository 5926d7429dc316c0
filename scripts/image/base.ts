import type { Component } from '../build/sbom.ts';
import type { HistoryEntry, Layer, RunConfig } from './oci.ts';

/** The image that the Dockerfile's last stage begins with, for one platform; its blobs are in the store. */
export interface Base {
  readonly layers: readonly Layer[];
  readonly config: RunConfig;
  readonly history: readonly HistoryEntry[];
  /** What is known of its content, for the bill of materials; empty for a base that was given. */
  readonly components: readonly Component[];
}
