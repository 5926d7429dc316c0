/** The four kinds of metadata; delegated roles are of type `targets`. */
export type MetadataType = 'root' | 'timestamp' | 'snapshot' | 'targets';
