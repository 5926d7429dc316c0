import type { KubernetesObject } from './object.ts';
import type { Resource } from './resource.ts';

/** Names an object in an event. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
}

/** `events.k8s.io/v1` Event. */
export interface KubernetesEvent extends KubernetesObject {
  readonly eventTime: string;
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly action: string;
  readonly reason: string;
  readonly regarding: ObjectReference;
  readonly related?: ObjectReference;
  readonly note: string;
  readonly type: 'Normal' | 'Warning';
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
}

/** Where events are written. */
export const EVENTS: Resource<KubernetesEvent> = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};

/** The reference by which an event names `object`. */
export function referenceTo(object: KubernetesObject): ObjectReference {
  const { namespace, name, uid } = object.metadata;
  return { apiVersion: object.apiVersion, kind: object.kind, ...(namespace && { namespace }), name, uid };
}
