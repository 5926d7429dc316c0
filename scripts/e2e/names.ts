/** Where the scenario has its things. */
export const names = {
  /** The namespace of the server: Redis, S3, targets, runs. */
  app: 'faynosync',
  /** The namespace of the operator. */
  operator: 'tuf-recovery',
  release: 'tuf-recovery',
  chart: 'charts/tuf-recovery-operator',
  bucket: 'updates',
} as const;

/** Selects the pods, Deployments and Services of one part of the chart. */
export function component(name: 'controller' | 'shim' | 'test'): string {
  return `app.kubernetes.io/instance=${names.release},app.kubernetes.io/component=${name}`;
}

/** A Service by the name that is found from every namespace. */
export function fullName(service: string): string {
  return `${service}.${names.app}.svc.cluster.local`;
}
