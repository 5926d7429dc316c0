/**
 * The rooms of src/ and what each may import. The one place that says so: the import check enforces it, and
 * the diagram in docs/architecture.md is drawn from what the code really imports.
 */
export interface Room {
  /** What the room is for, a few words for the diagram. */
  readonly purpose: string;
  /** Rooms it may import from, besides itself and src/errors.ts. */
  readonly mayImport: readonly string[];
  /** True when nothing in the room may touch the network, the disk, the clock or the environment. */
  readonly pure?: boolean;
  /**
   * Of a pure room: files and folders that are its edge. They may reach outside, and the rest may not import
   * them.
   */
  readonly edges?: readonly string[];
}

export const rooms: Readonly<Record<string, Room>> = {
  async: { purpose: 'clock, sleep, deadline, retry, limits', mayImport: [] },
  api: { purpose: 'vocabulary: generated types, reasons, conditions', mayImport: [], pure: true },
  net: { purpose: 'proxies, anchors of trust, bounded servers', mayImport: ['async'] },
  storage: { purpose: 'list and get: S3, directory, HTTP', mayImport: ['async', 'net'] },
  tuf: {
    purpose: 'verify the metadata chain',
    mayImport: ['async', 'storage'],
    pure: true,
    // What chooses a thread, and the thread.
    edges: ['src/tuf/offload/', 'src/tuf/verify/verify.ts', 'src/tuf/verify/verify.worker.ts'],
  },
  faynosync: { purpose: 'key names, settings, task records', mayImport: ['tuf'], pure: true },
  redis: { purpose: 'observe, lock, apply, confirm', mayImport: ['async', 'net'] },
  recovery: {
    purpose: 'R1–R10: the order of a run',
    mayImport: ['async', 'api', 'tuf', 'faynosync', 'storage', 'redis'],
  },
  kube: { purpose: 'controller runtime', mayImport: ['async', 'net'] },
  observability: { purpose: 'metrics and logs', mayImport: ['async'] },
  notifications: {
    purpose: 'messages to a webhook',
    mayImport: ['async', 'net', 'api', 'observability'],
  },
  controllers: {
    purpose: 'watch resources, run, write status',
    mayImport: [
      'async',
      'net',
      'recovery',
      'api',
      'kube',
      'storage',
      'redis',
      'tuf',
      'faynosync',
      'observability',
      'notifications',
    ],
  },
  shim: {
    purpose: "the server's endpoint over HTTP",
    mayImport: ['async', 'net', 'api', 'kube', 'observability'],
  },
  dashboard: {
    purpose: 'a page for people, on the loopback interface',
    mayImport: ['async', 'net', 'api', 'kube'],
    pure: true,
    edges: ['src/dashboard/dashboard.ts', 'src/dashboard/server/', 'src/dashboard/page/'],
  },
  cli: {
    purpose: 'flags, environment, exit codes',
    mayImport: [
      'async',
      'net',
      'controllers',
      'shim',
      'dashboard',
      'recovery',
      'api',
      'kube',
      'storage',
      'redis',
      'tuf',
      'faynosync',
      'observability',
      'notifications',
    ],
  },
};
