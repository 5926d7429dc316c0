import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryDirectory } from './temporary-directory.ts';

const run = promisify(execFile);
const DAYS = '30';

/** A PEM certificate with its private key, and the files that hold them. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** A certificate authority of one's own; its files are removed when it is disposed of. */
export interface CertificateAuthority extends AsyncDisposable {
  /** What a client must trust, as PEM. */
  readonly certificate: string;
  readonly certificateFile: string;
  /**
   * Issues a certificate that serves both as a server's and as a client's.
   *
   * @param commonName the user's name where a server reads it from a client certificate
   * @param hosts DNS names and IP addresses it is valid for
   */
  issue(commonName: string, hosts?: readonly string[]): Promise<Certificate>;
}

/**
 * Creates an authority with the openssl program, because Node can read X.509 certificates but not make them.
 */
export async function createAuthority(name = 'tuf-recovery test authority'): Promise<CertificateAuthority> {
  const directory = await temporaryDirectory('certificates');
  const file = (leaf: string): string => join(directory.path, leaf);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await openssl(
    ['req', '-x509', ...key, '-keyout', file('ca.key'), '-out', file('ca.crt'), '-days', DAYS],
    ['-subj', `/CN=${name}`, '-addext', 'keyUsage=critical,keyCertSign,cRLSign,digitalSignature'],
  );
  let issued = 0;
  return {
    certificate: await readFile(file('ca.crt'), 'utf8'),
    certificateFile: file('ca.crt'),
    issue: async (commonName, hosts = ['localhost', '127.0.0.1']) => {
      issued += 1;
      const leaf = `leaf-${issued}`;
      const [certificateFile, keyFile, request, extensions] = [
        file(`${leaf}.crt`),
        file(`${leaf}.key`),
        file(`${leaf}.csr`),
        file(`${leaf}.ext`),
      ];
      const names = hosts.map((host) => `${isIP(host) ? 'IP' : 'DNS'}:${host}`).join(',');
      await writeFile(
        extensions,
        `basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=${names}\n`,
      );
      await openssl(['req', ...key, '-keyout', keyFile, '-out', request, '-subj', `/CN=${commonName}`]);
      await openssl(
        ['x509', '-req', '-in', request, '-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-CAcreateserial'],
        ['-out', certificateFile, '-days', DAYS, '-sha256', '-extfile', extensions],
      );
      return {
        certificate: await readFile(certificateFile, 'utf8'),
        key: await readFile(keyFile, 'utf8'),
        certificateFile,
        keyFile,
      };
    },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

async function openssl(...args: readonly (readonly string[])[]): Promise<void> {
  await run('openssl', args.flat());
}
