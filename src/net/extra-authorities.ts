import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { Clock } from '../async/clock.ts';
import { errorMessage } from '../errors.ts';

/** How {@link followExtraAuthorities} works. */
export interface ExtraAuthoritiesOptions {
  /** NODE_EXTRA_CA_CERTS: a file of PEM certificates, which Node.js itself reads at its start only. */
  readonly path: string;
  readonly clock: Clock;
  /** Called after other certificates were put in place, with their number. */
  readonly onChange: (count: number) => void;
  /** Called once for each problem; the certificates from before stay in place. */
  readonly onProblem: (problem: string) => void;
}

/** How often the file is checked: a kubelet takes a minute to bring a changed Secret into a pod. */
const INTERVAL_MS = 10_000;
/** Far above the bundle of a whole operating system, some 250 KB. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Has the certificate authorities in a file count as trusted for every new TLS connection of this process,
 * also after the file was changed. Those that come with Node.js stay. What trusts a CA of its own is not
 * affected.
 *
 * @returns stops it
 */
export function followExtraAuthorities({
  path,
  clock,
  onChange,
  onProblem,
}: ExtraAuthoritiesOptions): () => void {
  const extra = new Set(getCACertificates('extra').map(normalized));
  const own = ownAuthorities(extra);
  let inPlace = [...extra].sort().join('');
  let seen: string | undefined;
  let lastProblem: string | undefined;
  let stopped = false;
  let cancel = clock.after(0, () => void look());

  function apply(certificates: readonly string[]): void {
    const read = [...new Set(certificates.map(normalized))].sort().join('');
    if (read !== inPlace && !stopped) {
      setDefaultCACertificates([...own, ...certificates]);
      inPlace = read;
      onChange(certificates.length);
    }
  }

  async function look(): Promise<void> {
    try {
      const { size, mtimeMs, ino } = await stat(path);
      const file = `${size} ${mtimeMs} ${ino}`;
      if (file !== seen) {
        apply(await readBundle(path, size));
      }
      seen = file;
      lastProblem = undefined;
    } catch (error) {
      const problem = errorMessage(error);
      if (problem !== lastProblem) {
        onProblem(problem);
      }
      lastProblem = problem;
    }
    if (!stopped) {
      cancel = clock.after(INTERVAL_MS, () => void look());
    }
  }

  return () => {
    stopped = true;
    cancel();
  };
}

/**
 * What is trusted without the file. A certificate of it that Node.js brings along as well stays when the file
 * loses it.
 */
function ownAuthorities(extra: ReadonlySet<string>): readonly string[] {
  const trusted = getCACertificates('default');
  const inUse = new Set(trusted.map(normalized));
  const bundled = getCACertificates('bundled').filter((certificate) => inUse.has(normalized(certificate)));
  return [...bundled, ...trusted.filter((certificate) => !extra.has(normalized(certificate)))];
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** @throws Error when the file can't be read, is too large, or holds no certificate or a damaged one */
async function readBundle(path: string, size: number): Promise<readonly string[]> {
  if (size > MAX_BYTES) {
    throw new Error(`${path} has ${size} bytes, more than any bundle of certificates.`);
  }
  const certificates = (await readFile(path, 'utf8')).match(CERTIFICATE) ?? [];
  if (certificates.length === 0) {
    throw new Error(`${path} holds no PEM certificate.`);
  }
  return certificates.map((certificate, index) => {
    try {
      return new X509Certificate(certificate).toString();
    } catch (cause) {
      throw new Error(`Certificate ${index + 1} of ${path} can't be read.`, { cause });
    }
  });
}

function normalized(certificate: string): string {
  return certificate.replaceAll(/\s+/g, '');
}
