import type { Condition } from '../../src/api/condition.ts';

/** What kstatus (sigs.k8s.io/cli-utils) says about an object. */
export type KStatus = 'Current' | 'InProgress' | 'Failed' | 'Terminating';

/** The part of an object kstatus looks at. */
export interface Judged {
  readonly metadata: { readonly generation: number; readonly deletionTimestamp?: string };
  readonly status: { readonly observedGeneration?: number; readonly conditions?: readonly Condition[] };
}

/**
 * The generic rules of kstatus, written from its documentation and independent of the code under test:
 * deletion, then generation, then the abnormal-true conditions, then Ready; an object without any of them
 * counts as Current.
 */
export function kstatus({ metadata, status }: Judged): KStatus {
  if (metadata.deletionTimestamp !== undefined) {
    return 'Terminating';
  }
  if (status.observedGeneration !== undefined && status.observedGeneration !== metadata.generation) {
    return 'InProgress';
  }
  const is = (type: string) => status.conditions?.find((condition) => condition.type === type)?.status;
  if (is('Reconciling') === 'True') {
    return 'InProgress';
  }
  if (is('Stalled') === 'True') {
    return 'Failed';
  }
  const ready = is('Ready');
  return ready === undefined || ready === 'True' ? 'Current' : 'InProgress';
}
