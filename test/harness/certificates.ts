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
  /**
   * An authority that this one vouches for. What it issues comes with its own certificate behind the leaf, as
   * servers present a chain. Its files are those of this authority.
   */
  intermediate(name: string): Promise<CertificateAuthority>;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
const CA_KEY_USAGE = 'keyUsage=critical,keyCertSign,cRLSign,digitalSignature';

/**
 * Creates an authority with the openssl program, because Node can read X.509 certificates but not make them.
 */
export async function createAuthority(name = 'tuf-recovery test authority'): Promise<CertificateAuthority> {
  const directory = await temporaryDirectory('certificates');
  const file = (leaf: string): string => join(directory.path, leaf);
  await openssl(
    ['req', '-x509', ...NEW_KEY, '-keyout', file('ca.key'), '-out', file('ca.crt'), '-days', DAYS],
    ['-subj', `/CN=${name}`, '-addext', CA_KEY_USAGE],
  );
  return await authorityIn(directory.path, 'ca', '', async () => {
    await directory[Symbol.asyncDispose]();
  });
}

/** @param chain certificates between this authority's and the root's, this one included; PEM */
async function authorityIn(
  directory: string,
  ca: string,
  chain: string,
  dispose: () => Promise<void>,
): Promise<CertificateAuthority> {
  const file = (name: string): string => join(directory, name);
  let signed = 0;
  /** A key and a certificate for it, under a name of its own. */
  const sign = async (subject: string, extensions: readonly string[]): Promise<string> => {
    signed += 1;
    const name = `${ca}-${signed}`;
    await writeFile(file(`${name}.ext`), `${extensions.join('\n')}\n`);
    await openssl(
      ['req', ...NEW_KEY, '-keyout', file(`${name}.key`), '-out', file(`${name}.csr`)],
      ['-subj', `/CN=${subject}`],
    );
    await openssl(
      ['x509', '-req', '-in', file(`${name}.csr`), '-CA', file(`${ca}.crt`), '-CAkey', file(`${ca}.key`)],
      ['-CAcreateserial', '-out', file(`${name}.crt`), '-days', DAYS, '-sha256'],
      ['-extfile', file(`${name}.ext`)],
    );
    return name;
  };
  return {
    certificate: await readFile(file(`${ca}.crt`), 'utf8'),
    certificateFile: file(`${ca}.crt`),
    async issue(commonName, hosts = ['localhost', '127.0.0.1']) {
      const names = hosts.map((host) => `${isIP(host) ? 'IP' : 'DNS'}:${host}`).join(',');
      const name = await sign(commonName, [
        'basicConstraints=CA:FALSE',
        'extendedKeyUsage=serverAuth,clientAuth',
        `subjectAltName=${names}`,
      ]);
      const certificate = (await readFile(file(`${name}.crt`), 'utf8')) + chain;
      await writeFile(file(`${name}.crt`), certificate);
      const key = await readFile(file(`${name}.key`), 'utf8');
      return { certificate, key, certificateFile: file(`${name}.crt`), keyFile: file(`${name}.key`) };
    },
    async intermediate(subject) {
      const name = await sign(subject, ['basicConstraints=critical,CA:TRUE', CA_KEY_USAGE]);
      const own = await readFile(file(`${name}.crt`), 'utf8');
      return await authorityIn(directory, name, own + chain, async () => {});
    },
    [Symbol.asyncDispose]: dispose,
  };
}

async function openssl(...args: readonly (readonly string[])[]): Promise<void> {
  await run('openssl', args.flat());
}
