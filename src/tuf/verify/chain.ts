import { nextTurn } from '../../async/in-turns.ts';
import { MetadataFault } from '../findings/fault.ts';
import { quoted } from '../findings/text.ts';
import { reviewKeys } from '../keys/key-review.ts';
import type { Envelope } from '../metadata/envelope.ts';
import { fileName, TIMESTAMP_FILE } from '../metadata/file-names.ts';
import { checkRoleNames } from '../metadata/role-names.ts';
import { type Root, signersOf } from '../metadata/root.ts';
import type { Snapshot } from '../metadata/snapshot.ts';
import type { Targets } from '../metadata/targets.ts';
import { parseTimestamp, type Timestamp } from '../metadata/timestamp.ts';
import type { Version } from '../metadata/version.ts';
import { walkRoots } from '../roots/root-chain.ts';
import { type DelegationTree, walkDelegations } from './delegations.ts';
import { earlierSnapshot } from './earlier-snapshot.ts';
import { checkExpiry } from './expiry.ts';
import { bindingMarks } from './marks.ts';
import { reportHigherVersions } from './orphans.ts';
import { RollbackCheck } from './rollback.ts';
import { ServerLint } from './server-lint.ts';
import { reportStrays, straysIn } from './strays.ts';
import { openTimestamp, readSnapshot, readTargets } from './top-level.ts';
import { openPreviouslyVerified } from './trusted-file.ts';
import type { HighWaterMarks, RoleFacts, RootFacts, Trusted } from './verification.ts';
import type { VerificationContext } from './verification-context.ts';

/** Everything the chain consists of, verified. */
interface Chain {
  readonly root: Root;
  readonly first: Root | undefined;
  readonly timestamp: Timestamp;
  readonly snapshot: Snapshot;
  readonly targets: Targets;
  readonly tree: DelegationTree;
}

/**
 * Follows the chain root → timestamp → snapshot → targets → delegated roles in the order of the
 * specification's client workflow (5.3–5.6), each link by signature, version, length and digest.
 *
 * @throws MetadataFault at the first wall; everything else is in the run's report
 */
export async function verifyChain(
  run: VerificationContext,
  timestampFile: Uint8Array | MetadataFault,
): Promise<Trusted<Version>> {
  const { options } = run;
  run.enter('root');
  const roots = await walkRoots(run);
  const root = roots.head;
  checkExpiry(run, 'root', root.envelope);
  run.consistentSnapshot = root.consistentSnapshot !== false;
  const marks = await bindingMarks(run, roots);

  run.enter('timestamp');
  if (timestampFile instanceof MetadataFault) {
    throw timestampFile;
  }
  const timestamp = await openTimestamp(run, root, timestampFile);
  const rollback = new RollbackCheck(run, timestamp.envelope.version);
  const remembered = roots.trusted.find(({ envelope }) => envelope.version === marks.root?.version) ?? root;
  rollback.againstMark('root', remembered.envelope, marks.root);
  rollback.againstRememberedRoot(
    roots.trusted.map(({ envelope }) => envelope),
    marks.root,
  );
  rollback.againstMark('timestamp', timestamp.envelope, marks.timestamp);
  rollback.againstNamedSnapshot(timestamp.snapshot.version, rememberedSnapshot(marks));
  rollback.againstReplay(timestamp.envelope.expires.at <= options.now.getTime());
  checkExpiry(run, 'timestamp', timestamp.envelope);

  run.enter('snapshot', timestamp.snapshot.version);
  const snapshot = await readSnapshot(run, root, timestamp.snapshot);
  rollback.againstReplacedSnapshot(snapshot.envelope, marks.snapshot);
  const earlier = await earlierSnapshot(run, snapshot, marks);
  if (earlier !== undefined) {
    rollback.againstSnapshot(snapshot, earlier);
  }
  checkExpiry(run, 'snapshot', snapshot.envelope);

  run.enter('targets', snapshot.roles.get('targets')?.version);
  const targets = await readTargets(run, root, snapshot);
  await nextTurn();
  const names = targets.delegations?.roles.map(({ name }) => name) ?? [];
  await checkRoleNames(run, names);
  const tree = await walkDelegations(run, targets, snapshot);

  const chain = { root, first: roots.first, timestamp, snapshot, targets, tree };
  rollback.againstMinimums(headsOf(chain), tree.named);
  review(run, chain);
  await reportBeside(run, chain);
  return trustedFacts(run, chain, names);
}

/** Versions at the ends of the chain, by role. */
function headsOf({ root, timestamp, snapshot, targets, tree }: Chain): Map<string, Version> {
  const heads = new Map<string, Version>();
  for (const { type, version } of [root.envelope, timestamp.envelope, snapshot.envelope, targets.envelope]) {
    heads.set(type, version);
  }
  for (const { role, targets: delegated } of tree.roles) {
    heads.set(role, delegated.envelope.version);
  }
  return heads;
}

/**
 * The highest snapshot version that was trusted before: by its mark, or named by the timestamp trusted
 * before.
 */
function rememberedSnapshot({ snapshot, timestampBytes }: HighWaterMarks): Version | undefined {
  const named =
    timestampBytes === undefined
      ? undefined
      : openPreviouslyVerified(timestampBytes, 'timestamp', parseTimestamp).snapshot.version;
  if (named === undefined || snapshot === undefined) {
    return named ?? snapshot?.version;
  }
  return named > snapshot.version ? named : snapshot.version;
}

/**
 * Findings that inform: oddities of keys and paths, nested delegations, what the server's round trip breaks.
 */
function review(run: VerificationContext, { root, timestamp, snapshot, targets, tree }: Chain): void {
  const { findings } = run;
  const lint = new ServerLint(findings);
  reviewKeys(findings, 'root', root.envelope.version, root.keys, Object.values(root.roles));
  lint.root(root);
  lint.links('timestamp', timestamp.envelope, [['snapshot.json', timestamp.snapshot]]);
  lint.links('snapshot', snapshot.envelope, snapshot.roles);
  reviewTargets(run, lint, 'targets', targets);
  for (const { role, targets: delegated } of tree.roles) {
    reviewTargets(run, lint, role, delegated);
    const names = delegated.delegations?.roles.map(({ name }) => name) ?? [];
    if (names.length > 0) {
      findings.add('NestedDelegation', {
        role,
        version: delegated.envelope.version,
        detail: `${quoted(role)} delegates to ${names.length} more roles, the first is ${quoted(names[0])}`,
      });
    }
  }
}

function reviewTargets(run: VerificationContext, lint: ServerLint, role: string, targets: Targets): void {
  const { envelope, delegations } = targets;
  lint.targets(role, targets);
  if (delegations === undefined) {
    return;
  }
  reviewKeys(run.findings, role, envelope.version, delegations.keys, delegations.roles);
  if (delegations.succinct !== undefined) {
    return;
  }
  const ambiguous = delegations.roles.filter(
    (d) => (d.paths === undefined) === (d.pathHashPrefixes === undefined),
  );
  const [first] = ambiguous;
  if (first !== undefined) {
    run.findings.add('AmbiguousPaths', {
      role,
      version: envelope.version,
      detail: `${ambiguous.length} delegations don't give exactly one of paths and path_hash_prefixes, the first is to ${quoted(first.name)}`,
    });
  }
}

/** What lies in the bucket beside the chain. */
async function reportBeside(run: VerificationContext, chain: Chain): Promise<void> {
  const { root, snapshot, targets, tree } = chain;
  const versions = headsOf(chain);
  versions.delete('root');
  versions.delete('timestamp');
  const strays = straysIn(run.catalogue.objects, versions, tree.named);
  const heads = tree.roles.map(({ role, targets: delegated, signers }) => ({
    role,
    type: 'targets' as const,
    version: delegated.envelope.version,
    signers,
  }));
  await reportHigherVersions(
    run,
    [
      {
        role: 'snapshot',
        type: 'snapshot',
        version: snapshot.envelope.version,
        signers: [signersOf(root, 'snapshot')],
      },
      {
        role: 'targets',
        type: 'targets',
        version: targets.envelope.version,
        signers: [signersOf(root, 'targets')],
      },
      ...heads,
    ],
    strays.higher,
  );
  // With a role unread, what it delegates to is unknown, and calling that "undelegated" would be a guess.
  if (!tree.incomplete) {
    reportStrays(run, strays);
  }
}

function trustedFacts(
  run: VerificationContext,
  chain: Chain,
  delegatedNames: readonly string[],
): Trusted<Version> {
  const { root, first, timestamp, snapshot, targets, tree } = chain;
  const factsOf = (
    role: string,
    envelope: Envelope,
    name = fileName(role, envelope.version),
  ): RoleFacts<Version> => ({
    role,
    version: envelope.version,
    expires: new Date(envelope.expires.at),
    sha256: envelope.sha256,
    object: run.catalogue.objects.get(name),
  });
  return {
    heads: {
      root: root.envelope.version,
      timestamp: timestamp.envelope.version,
      snapshot: snapshot.envelope.version,
      targets: targets.envelope.version,
      delegated: new Map(tree.roles.map(({ role, targets: t }) => [role, t.envelope.version])),
    },
    firstRoot: first === undefined ? undefined : rootFacts(run, first),
    root: rootFacts(run, root),
    timestamp: factsOf('timestamp', timestamp.envelope, TIMESTAMP_FILE),
    snapshot: factsOf('snapshot', snapshot.envelope),
    targets: factsOf('targets', targets.envelope),
    delegated: tree.roles.map(({ role, depth, delegators, targets: t }) => ({
      ...factsOf(role, t.envelope),
      depth,
      delegators,
    })),
    delegatedNames,
  };
}

function rootFacts(run: VerificationContext, { envelope, roles }: Root): RootFacts<Version> {
  return {
    version: envelope.version,
    expires: new Date(envelope.expires.at),
    signatures: envelope.signatures.filter(({ sig }) => sig !== undefined).length,
    roles,
    sha256: envelope.sha256,
    object: run.catalogue.objects.get(fileName('root', envelope.version)),
  };
}
