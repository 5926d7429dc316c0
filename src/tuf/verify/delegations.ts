import { forEachInTurns, inTurns, nextTurn } from '../../async/in-turns.ts';
import { releaseMemory } from '../../storage/release-memory.ts';
import { MetadataFault } from '../findings/fault.ts';
import { quoted } from '../findings/text.ts';
import { isSigned, requireThreshold } from '../keys/threshold.ts';
import { listedBytes } from '../metadata/catalogue.ts';
import type { DelegatedRole } from '../metadata/delegated-role.ts';
import { type Envelope, type OpenedFile, withoutSignedBytes } from '../metadata/envelope.ts';
import { fileName } from '../metadata/file-names.ts';
import { LIMITS } from '../metadata/limits.ts';
import { checkVersion, type FileLink, ROLE_LINK } from '../metadata/link.ts';
import type { Snapshot } from '../metadata/snapshot.ts';
import { parseTargets, type Targets } from '../metadata/targets.ts';
import { type Delegation, delegationsOf, reachableRoles, type VerifiedRole } from './delegation-tree.ts';
import { checkExpiry } from './expiry.ts';
import { forEachWithinBudget } from './for-each-within-budget.ts';
import { readLinkedBytes } from './top-level.ts';
import type { BytesWithDigest, VerificationContext } from './verification-context.ts';

/** Result of the walk over all delegations. */
export interface DelegationTree {
  /** Roles reached through verified roles only: level by level, in the order of the delegations. */
  readonly roles: readonly VerifiedRole[];
  /** Every role name met, whether or not its file verified. */
  readonly named: ReadonlySet<string>;
  /** Whether some role failed, so that what it delegates to is unknown. */
  readonly incomplete: boolean;
}

/** A role whose file is still to be read, and every role known to delegate to it. */
interface Request {
  readonly role: string;
  readonly delegations: Delegation[];
}

/**
 * Verifies the whole tree of delegations (spec 5.6.3, 5.6.7), level by level: every file of a level is read
 * once, checked on arrival, and verified against EACH role that delegates to it. Cycles and diamonds end at
 * roles that were already read; a delegation that turns up later is checked against the file as it was read.
 */
export async function walkDelegations(
  run: VerificationContext,
  targets: Targets,
  snapshot: Snapshot,
): Promise<DelegationTree> {
  const walk = new DelegationWalk(run, snapshot);
  await nextTurn();
  let level = delegationsOf('targets', targets);
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > LIMITS.delegationDepth) {
      throw new MetadataFault(
        'DelegationTooDeep',
        `delegations nest deeper than ${LIMITS.delegationDepth} levels`,
      );
    }
    level = await walk.level(level);
  }
  await nextTurn();
  return walk.tree(targets);
}

class DelegationWalk {
  readonly #run: VerificationContext;
  readonly #snapshot: Snapshot;
  /** Every role met so far; undefined once it failed. */
  readonly #roles = new Map<string, Targets | undefined>();
  /** Delegations whose signatures are missing on a role that verified for another delegator. */
  readonly #voided = new Set<DelegatedRole>();
  #retained = 0;
  /** What the delegations of all roles take together. */
  #delegations = { nodes: 0, bytes: 0 };
  #failed = false;

  constructor(run: VerificationContext, snapshot: Snapshot) {
    this.#run = run;
    this.#snapshot = snapshot;
  }

  /** Works on one level of delegations; returns the next one. */
  async level(delegations: readonly Delegation[]): Promise<readonly Delegation[]> {
    const requests = new Map<string, Request>();
    const late: Delegation[] = [];
    await forEachInTurns(delegations, (delegation) => {
      const { name } = delegation.role;
      const request = requests.get(name);
      if (this.#roles.has(name)) {
        late.push(delegation);
      } else if (request === undefined) {
        requests.set(name, { role: name, delegations: [delegation] });
      } else {
        request.delegations.push(delegation);
      }
    });
    if (this.#roles.size + requests.size > LIMITS.roles) {
      throw new MetadataFault('LimitExceeded', `more than ${LIMITS.roles} roles are delegated`);
    }
    await this.#read([...requests.values()]);
    if (this.#hasTooManyDelegations) {
      const { nodes, bytes } = LIMITS.nestedDelegations;
      throw new MetadataFault(
        'LimitExceeded',
        `the delegations of all delegated roles hold more than ${nodes} values or ${bytes} bytes`,
      );
    }
    const next = [...requests.keys()].flatMap((role) => {
      const targets = this.#roles.get(role);
      return targets === undefined ? [] : delegationsOf(role, targets);
    });
    for (const delegation of late) {
      await this.#recheck(delegation);
    }
    return next;
  }

  async #read(requests: readonly Request[]): Promise<void> {
    const { options, catalogue } = this.#run;
    const total = this.#roles.size + requests.length;
    let completed = this.#roles.size;
    const weightOf = ({ role }: Request): number => {
      const link = this.#snapshot.roles.get(role);
      if (link === undefined) {
        return 0;
      }
      const listed = catalogue.objects.get(fileName(role, link.version));
      // As much as is read, whatever the link says.
      return listedBytes(listed) ?? LIMITS.unlistedBytes;
    };
    // Reserves the order of delegation, which arrival would not keep.
    await forEachInTurns(requests, ({ role }) => this.#roles.set(role, undefined));
    await forEachWithinBudget(
      requests,
      { tasks: options.concurrency ?? 32, bytes: LIMITS.bytesInFlight },
      weightOf,
      async (request) => {
        await this.#verify(request);
        options.onProgress?.(++completed, total);
      },
    );
  }

  async #verify({ role, delegations }: Request): Promise<void> {
    try {
      const link = this.#snapshot.roles.get(role);
      if (link === undefined) {
        throw new MetadataFault('RoleNotInSnapshot', `the snapshot does not list ${quoted(`${role}.json`)}`);
      }
      const read = await readLinkedBytes(this.#run, role, link, ROLE_LINK, 'RoleMissing');
      this.#roles.set(
        role,
        await this.#open(role, read, link, delegations).finally(() => this.#run.discard(read)),
      );
    } catch (error) {
      // Which role comes last is chance, so that is said of the repository and not of the role.
      if (!this.#hasTooManyDelegations) {
        this.#fail(role, error);
      }
    }
  }

  get #hasTooManyDelegations(): boolean {
    const { nodes, bytes } = this.#delegations;
    return nodes > LIMITS.nestedDelegations.nodes || bytes > LIMITS.nestedDelegations.bytes;
  }

  /** @throws MetadataFault when the file would be one too many to keep */
  #countDelegations(file: OpenedFile): void {
    const span = file.spanOf('delegations');
    if (span !== undefined) {
      this.#delegations.nodes += span.nodes;
      this.#delegations.bytes += span.end - span.start;
    }
    if (this.#hasTooManyDelegations) {
      throw new MetadataFault('LimitExceeded', 'too many delegations');
    }
  }

  async #open(
    role: string,
    read: BytesWithDigest,
    link: FileLink,
    delegations: readonly Delegation[],
  ): Promise<Targets> {
    const file = this.#run.open(read, 'targets', role);
    const { envelope } = file;
    try {
      checkVersion(envelope.version, link, ROLE_LINK);
      await this.#requireEach(envelope, delegations);
      this.#countDelegations(file);
      const targets = parseTargets(file);
      checkExpiry(this.#run, role, envelope);
      return this.#retain(targets);
    } catch (error) {
      releaseMemory(envelope.canonical);
      throw error;
    }
  }

  /**
   * A delegator whose signatures are missing while another's are there is borrowed authority, and that
   * delegation alone is void: otherwise any delegated role could void another one by delegating to it. None
   * met is a plain bad signature.
   */
  async #requireEach(envelope: Envelope, delegations: readonly Delegation[]): Promise<void> {
    const { ring } = this.#run;
    const unmet: Delegation[] = [];
    for (const delegation of delegations) {
      if (!(await isSigned(envelope, delegation.signers, ring))) {
        unmet.push(delegation);
      }
    }
    const [first] = unmet;
    if (first !== undefined && unmet.length === delegations.length) {
      await requireThreshold(envelope, first.signers, ring);
    }
    for (const delegation of unmet) {
      this.#void(delegation);
    }
    // The server verifies against targets alone.
    const known = delegations.find(({ delegator }) => delegator === 'targets');
    if (known !== undefined) {
      await this.#run.reviewSigners(known.role.name, envelope, known.signers);
    }
  }

  /** Reports a delegation whose signatures are missing on a role that verified for another delegator. */
  #void(delegation: Delegation): void {
    this.#voided.add(delegation.role);
    const { name } = delegation.role;
    this.#run.findings.addForDelegated('NotSignedForDelegator', {
      role: name,
      version: this.#snapshot.roles.get(name)?.version,
      detail: `the signatures that ${quoted(delegation.delegator)} asks for are not there`,
    });
  }

  /** A delegation met after the role's file had been read and verified for another delegator. */
  async #recheck(delegation: Delegation): Promise<void> {
    const { name } = delegation.role;
    const targets = this.#roles.get(name);
    if (targets === undefined) {
      return;
    }
    try {
      const envelope =
        targets.envelope.canonical.length > 0 ? targets.envelope : await this.#reread(name, targets);
      if (!(await isSigned(envelope, delegation.signers, this.#run.ring))) {
        this.#void(delegation);
      }
    } catch (error) {
      this.#fail(name, error);
    }
  }

  /** Keeps a role's signed bytes for such a delegation while they fit, so that its file is read only once. */
  #retain(targets: Targets): Targets {
    const { canonical } = targets.envelope;
    if (this.#retained + canonical.length <= LIMITS.bytesRetained) {
      this.#retained += canonical.length;
      return targets;
    }
    return { ...targets, envelope: withoutSignedBytes(targets.envelope) };
  }

  /** Reads a role's file again whose signed bytes were not kept; it must be the file that was verified. */
  async #reread(role: string, { envelope }: Targets): Promise<Envelope> {
    const link = {
      version: envelope.version,
      length: envelope.size,
      hashes: new Map([['sha256', envelope.sha256]]),
    };
    const read = await readLinkedBytes(this.#run, role, link, ROLE_LINK, 'RoleMissing');
    return this.#run.open(read, 'targets', role).envelope;
  }

  #fail(role: string, error: unknown): void {
    const fault = this.#run.faultOf(error);
    this.#failed = true;
    this.#roles.set(role, undefined);
    const version = this.#snapshot.roles.get(role)?.version;
    this.#run.findings.addForDelegated(fault.code, { role, version, detail: fault.message });
  }

  async tree(targets: Targets): Promise<DelegationTree> {
    const roles = await inTurns(reachableRoles(targets, this.#roles, this.#voided));
    await nextTurn();
    return { roles, named: new Set(this.#roles.keys()), incomplete: this.#failed };
  }
}
