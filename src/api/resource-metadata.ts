/** `metadata` of an object, as far as this API and its clients read or write it. Times are RFC 3339. */
export interface ResourceMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly generateName?: string;
  /** A UUID the API server gives at creation: never used twice, can't be chosen. */
  readonly uid: string;
  /** Opaque: only ever compared for equality. */
  readonly resourceVersion: string;
  /** Counts changes of the spec. */
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    readonly uid: string;
    readonly controller?: boolean;
  }[];
}
