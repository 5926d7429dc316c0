import { RecoveryError } from '../../../errors.ts';
import type { MetadataSource } from '../../../storage/source.ts';
import type {
  RecoveryVerifyPolicy,
  TrustAnchor,
  Trusted,
  Verification,
  VerifyOptions,
} from '../../../tuf/verify/verification.ts';
import { verify } from '../../../tuf/verify/verify.ts';
import { withFlagNames } from '../../options/flag-names.ts';
import { durationText } from '../../output/duration-text.ts';
import type { CheckItem } from '../check-report.ts';
import { failedItem, okItem, skippedItem, splitAdvice, warningItem } from '../checklist.ts';

/** Bytes of a root, as the verifier bounds it. */
const maxRootBytes = 512_000;

/** The bucket is read as a run would read it. */
type RecoveryVerifyOptions = VerifyOptions & { readonly policy: RecoveryVerifyPolicy };

/** What the checks of the storage found. */
export interface StorageResult {
  readonly items: readonly CheckItem[];
  /** What was proven; undefined when nothing was. */
  readonly trusted: Trusted | undefined;
}

/**
 * Whether the app can be listed and read, and whether its metadata verifies from the pinned root.
 *
 * @param trust undefined when no root was given
 */
export async function checkStorage(
  source: MetadataSource,
  trust: Pick<RecoveryVerifyOptions, 'anchor' | 'policy' | 'marks'> | undefined,
  now: Date,
  signal: AbortSignal,
): Promise<StorageResult> {
  const listed = await checkListing(source, signal);
  if (listed.root === undefined) {
    return {
      items: [listed.item, skippedItem('Bucket read', 'There is no root to read.')],
      trusted: undefined,
    };
  }
  const read = await checkReading(source, listed.root, signal);
  if (read.result !== 'ok' || trust === undefined) {
    const why = trust === undefined ? noAnchor : skippedItem('Trust', "Objects can't be read.");
    return { items: [listed.item, read, why], trusted: undefined };
  }
  const { items, trusted } = await checkTrust(source, { ...trust, now, signal });
  return { items: [listed.item, read, ...items], trusted };
}

const noAnchor = warningItem(
  'Trust',
  'No trusted root was given, so nothing was verified.',
  'Give --root-sha256 or --root with the root that your clients ship.',
);

async function checkListing(
  source: MetadataSource,
  signal: AbortSignal,
): Promise<{ readonly item: CheckItem; readonly root?: string }> {
  let files = 0;
  let root: string | undefined;
  try {
    for await (const page of source.list(signal)) {
      files += page.length;
      root ??= page.find(({ name }) => /^\d+\.root\.json$/.test(name))?.name;
    }
  } catch (error) {
    return { item: failure('Bucket list', error) };
  }
  if (root === undefined) {
    const fix =
      'Check bucket, prefix and the names of admin and app; an app that was never bootstrapped has no root.';
    return {
      item: failedItem('Bucket list', `${source.location} holds ${files} files and no N.root.json.`, fix),
    };
  }
  return { item: okItem('Bucket list', `${source.location} can be listed: ${files} files.`), root };
}

async function checkReading(source: MetadataSource, name: string, signal: AbortSignal): Promise<CheckItem> {
  try {
    const { byteLength } = await source.get(name, { maxBytes: maxRootBytes, signal });
    return okItem('Bucket read', `${name} can be read: ${byteLength} bytes.`);
  } catch (error) {
    return failure('Bucket read', error);
  }
}

async function checkTrust(
  source: MetadataSource,
  options: RecoveryVerifyOptions,
): Promise<{ readonly items: readonly CheckItem[]; readonly trusted: Trusted | undefined }> {
  let verification: Verification;
  try {
    verification = await verify(source, options);
  } catch (error) {
    return { items: [failure('Trust', error)], trusted: undefined };
  }
  const { trusted, findings } = verification;
  if (trusted === undefined) {
    const [first] = findings;
    const what = first === undefined ? 'The metadata does not verify.' : `${first.code}: ${first.detail}`;
    const fix = 'Read every finding: tuf-recovery verify, with the same flags.';
    return { items: [failedItem('Trust', withFlagNames(what), fix)], trusted: undefined };
  }
  return { items: [trustItem(trusted, options.anchor), ...freshItems(trusted, options.now)], trusted };
}

function trustItem({ heads, root }: Trusted, anchor: TrustAnchor): CheckItem {
  const what = `The chain verifies: root ${heads.root}, timestamp ${heads.timestamp}, ${heads.delegated.size} delegated roles.`;
  return anchor.kind === 'first-use'
    ? warningItem(
        'Trust',
        `${what} Nothing outside the storage vouches for its root.`,
        `Pin the root after comparing it with what clients ship: --root-sha256 ${root.sha256}`,
      )
    : okItem('Trust', what);
}

/** Expired metadata does not keep a recovery from working; clients refuse it. */
function freshItems({ root, timestamp, snapshot, targets }: Trusted, now: Date): readonly CheckItem[] {
  const roles = [
    { role: 'root', expires: root.expires },
    ...[timestamp, snapshot, targets].map(({ role, expires }) => ({ role, expires })),
  ].toSorted((a, b) => a.expires.getTime() - b.expires.getTime());
  const [first] = roles;
  if (first === undefined) {
    return [];
  }
  const left = first.expires.getTime() - now.getTime();
  const date = first.expires.toISOString().replace('.000Z', 'Z');
  return left > 0
    ? [okItem('Expiry', `${first.role} expires first, in ${durationText(left)}, on ${date}.`)]
    : [
        warningItem(
          'Expiry',
          `${first.role} expired ${durationText(left)} ago, on ${date}: clients refuse updates.`,
          first.role === 'root'
            ? 'Its key holders must sign a new version.'
            : 'Have the server sign it again: publish a version, or POST metadata/online.',
        ),
      ];
}

/** A failure of the taxonomy as an item. */
export function failure(name: string, error: unknown): CheckItem {
  if (!(error instanceof RecoveryError)) {
    throw error;
  }
  const { what, fix = fixes[error.origin] } = splitAdvice(withFlagNames(error.message));
  return failedItem(name, `${error.code}: ${what}`, fix);
}

const fixes = {
  storage:
    'Check endpoint, region and credentials; the user needs s3:ListBucket and s3:GetObject on the prefix.',
  redis: 'Check address, user, password and TLS of Redis, and the network between here and there.',
  metadata: 'Compare the metadata with a backup.',
  input: 'Correct the flag or the variable that is named.',
  run: 'Run the check again.',
} as const satisfies Record<RecoveryError['origin'], string>;
