import { randomBytes } from 'node:crypto';
import { formatMicroTime } from '../client/micro-time.ts';
import type { KubernetesObject } from '../client/object.ts';
import type { Resource } from '../client/resource.ts';

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

/** What happened to an object. */
export interface EventDetails {
  readonly type: 'Normal' | 'Warning';
  /** Why, in one CamelCase word. */
  readonly reason: string;
  /** What was done or tried, in one CamelCase word. */
  readonly action: string;
  /** For people; cut at 1 kB. */
  readonly note: string;
  /** A second object that took part. */
  readonly related?: KubernetesObject;
}

/** An event on its way to the server. */
export type EventManifest = Omit<KubernetesEvent, 'metadata'> & {
  readonly metadata: { readonly name: string; readonly namespace: string };
};

const MAX_NOTE_BYTES = 1_024;
const MAX_NAME = 253;

/** Who reports an event, and when it happened. */
export interface EventReporter {
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly time: Date;
}

/** An event about `regarding`, under a name of its own. */
export function newEvent(
  regarding: KubernetesObject,
  details: EventDetails,
  reporter: EventReporter,
): EventManifest {
  const { time, ...reporting } = reporter;
  const { type, reason, action, note, related } = details;
  const unique = randomBytes(8).toString('hex');
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: {
      name: `${regarding.metadata.name.slice(0, MAX_NAME - unique.length - 1)}.${unique}`,
      // An event about a cluster-scoped object lives in `default`, where kubectl looks for it.
      namespace: regarding.metadata.namespace ?? 'default',
    },
    eventTime: formatMicroTime(time),
    ...reporting,
    ...{ type, reason, action, note: cut(note) },
    regarding: referenceTo(regarding),
    ...(related && { related: referenceTo(related) }),
  };
}

/** Events alike in all of this are one series; the note may differ, and the first one stands. */
export function seriesKey(regarding: ObjectReference, details: EventDetails): string {
  const { type, reason, action, related } = details;
  return JSON.stringify([type, reason, action, regarding, related && referenceTo(related)]);
}

/** At most 1024 bytes of UTF-8, cut between characters. */
function cut(note: string): string {
  if (Buffer.byteLength(note) <= MAX_NOTE_BYTES) {
    return note;
  }
  const head = Buffer.from(note)
    .subarray(0, MAX_NOTE_BYTES - 3)
    .toString('utf8');
  return `${head.replace(/\uFFFD$/u, '')}…`;
}
