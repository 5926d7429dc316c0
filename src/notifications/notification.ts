import type { NotificationTopic } from './topics.ts';

/** One thing that happened, for people who don't watch the cluster. */
export interface Notification {
  readonly topic: NotificationTopic;
  readonly type: 'Normal' | 'Warning';
  /** The reason of the condition that changed. */
  readonly reason: string;
  readonly message: string;
  /** When it happened. */
  readonly time: Date;
  /** The object it happened to. */
  readonly object: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace?: string;
    readonly name: string;
    readonly uid: string;
  };
  /** `ADMIN/APP`, where the object is about one app. */
  readonly app?: string;
}

/** Notifications that are sent together. */
export interface NotificationBatch {
  /** The same for every try to send it, so that a receiver recognises a repeat. */
  readonly id: string;
  /** Name of the cluster; empty: none was given. */
  readonly cluster: string;
  readonly notifications: readonly Notification[];
  /** How many were left out since the batch before, because too many were waiting. */
  readonly dropped: number;
}
