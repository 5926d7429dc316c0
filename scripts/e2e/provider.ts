import type { FormerVersion } from './former-version.ts';

/**
 * A cluster for the end-to-end scenario. Two kinds are made: kind's nodes in Docker, and two nodes of this
 * machine's own. What differs between them is here; everything else is the scenario's.
 */
export interface Provider {
  readonly name: 'kind' | 'node';
  /** Of an administrator. */
  readonly kubeconfig: string;
  /** Path of kubectl and helm. */
  readonly programs: { readonly kubectl: string; readonly helm: string };
  /** The nodes that run pods, at least two. */
  readonly nodes: readonly string[];
  /** Images that every node already holds. */
  readonly images: Images;
  /** Whose image every node holds, too; undefined where it is not wanted, or can't be built. */
  readonly former: FormerVersion | undefined;
  /** Whether NetworkPolicies are enforced. */
  readonly enforcesPolicies: boolean;
  /** Runs a shell script as root in a node's network, with its processes in sight; returns what it prints. */
  onNode(node: string, script: string): Promise<string>;
  /**
   * Where pods can be reached directly from this process; without it they are reached through a port forward.
   */
  readonly reachesPods: boolean;
  /** The end of the logs of the cluster's own parts, for a person. Never rejects. */
  diagnosis(): Promise<string>;
  /** How to look around in the cluster while it is kept, as shell commands. */
  readonly howToLook: readonly string[];
}

/** References as pods name them. */
export interface Images {
  readonly operator: { readonly repository: string; readonly tag: string };
  readonly redis: string;
  readonly s3: string;
}
