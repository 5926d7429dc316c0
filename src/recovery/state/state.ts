/** What a run found in Redis and storage (R4); the evidence for each is in classify.ts. */
export const states = [
  'Healthy',
  'FullLoss',
  'PartialLoss',
  'StaleMarker',
  'Cosmetic',
  'Ceremony',
  'CorruptType',
  'FailedBootstrap',
  'NeverBootstrapped',
  'InProgress',
  'Locked',
  'Unreachable',
] as const;

export type State = (typeof states)[number];
