import { asObject, ownMember } from '../json/guards.ts';
import type { Key } from '../keys/key.ts';
import { parseKeys, parseRoleKeys, type RoleKeys } from '../keys/role-keys.ts';
import type { Signers } from '../keys/threshold.ts';
import type { Envelope, OpenedFile } from './envelope.ts';

/** The roles root metadata delegates to (spec 4.3). */
export const TOP_LEVEL_ROLES = ['root', 'targets', 'snapshot', 'timestamp'] as const;

export type TopLevelRole = (typeof TOP_LEVEL_ROLES)[number];

/** The body of root metadata. */
export interface Root {
  readonly envelope: Envelope;
  readonly keys: ReadonlyMap<string, Key>;
  readonly roles: Readonly<Record<TopLevelRole, RoleKeys>>;
  /**
   * undefined when the field is absent or no boolean, which the server's round trip would change or can't
   * read.
   */
  readonly consistentSnapshot: boolean | undefined;
}

/** @throws MetadataFault `InvalidMetadata`, `InvalidThreshold`, `LimitExceeded` */
export function parseRoot(file: OpenedFile): Root {
  const keys = parseKeys(file.member('keys'), 'signed.keys');
  const roles = asObject(file.member('roles'), 'signed.roles');
  const read = (name: TopLevelRole): RoleKeys =>
    parseRoleKeys(asObject(ownMember(roles, name), `signed.roles.${name}`), `signed.roles.${name}`);
  const consistent = file.member('consistent_snapshot');
  return {
    envelope: file.envelope,
    keys,
    roles: {
      root: read('root'),
      targets: read('targets'),
      snapshot: read('snapshot'),
      timestamp: read('timestamp'),
    },
    consistentSnapshot: typeof consistent === 'boolean' ? consistent : undefined,
  };
}

/** Who may sign `role`, by this root. */
export function signersOf(root: Root, role: TopLevelRole): Signers {
  return { role: root.roles[role], keys: root.keys };
}
