import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { stringify } from 'yaml';
import { writeTar } from '../image/tar.ts';
import { root } from './bundle.ts';

/** Names of what a release offers for kubectl's plugin manager. */
export const pluginArchive = 'kubectl-tuf_recovery.tar.gz';
const program = 'tuf-recovery.mjs';

/**
 * The archive of the plugin: the program of one file and the licences. The same bytes from the same program.
 *
 * @param programText of the program of one file
 * @param licences of the packages in it
 */
export async function packPlugin(programText: string, licences: string): Promise<Buffer> {
  const file = (path: string, content: Uint8Array, mode = 0o644) =>
    ({ path, type: 'file', mode, uid: 0, gid: 0, content }) as const;
  const entries = [
    file('LICENSE', await readFile(join(root, 'LICENSE'))),
    file('LICENSES.md', Buffer.from(licences)),
    file(program, Buffer.from(programText), 0o755),
  ];
  // Not the date of the build: a release can be built again.
  return gzipSync(await buffer(Readable.from(writeTar(entries, 0))), { level: 9 });
}

/**
 * The plugin manifest of krew (https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest/), for an
 * archive that lies at this address.
 *
 * @param version of the release, without the `v`
 */
export function krewManifest(version: string, uri: string, archive: Uint8Array): string {
  const homepage = 'https://github.com/tuf-recovery-operator/tuf-recovery-operator';
  return stringify({
    apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
    kind: 'Plugin',
    metadata: { name: 'tuf-recovery' },
    spec: {
      version: `v${version}`,
      homepage,
      shortDescription: 'Recover lost faynoSync TUF settings',
      description:
        'Shows the apps that tuf-recovery-operator guards, checks an installation, and creates, follows, approves\nand cancels recoveries of settings that faynoSync has lost in Redis.\n',
      caveats: `Needs Node.js 24 or newer on PATH.\nThe operator must be installed in the cluster: ${homepage}\n`,
      platforms: [
        {
          selector: { matchExpressions: [{ key: 'os', operator: 'In', values: ['linux', 'darwin'] }] },
          uri,
          sha256: createHash('sha256').update(archive).digest('hex'),
          bin: program,
          files: [
            { from: program, to: '.' },
            { from: 'LICENSE', to: '.' },
            { from: 'LICENSES.md', to: '.' },
          ],
        },
      ],
    },
  });
}
