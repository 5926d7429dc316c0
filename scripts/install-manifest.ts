/** Writes deploy/install.yaml, the chart with its defaults for those who don't use Helm: `node scripts/install-manifest.ts`. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { locateGoPart } from './setup/locate.mjs';

export const installManifestPath = 'deploy/install.yaml';

const namespace = 'tuf-recovery';
/** The namespace refuses any pod that is not restricted, so that nobody loosens the chart's defaults unnoticed. */
const head = `# Generated from charts/tuf-recovery-operator by scripts/install-manifest.ts. The controller, for all namespaces:
#   kubectl apply --server-side -f deploy/install.yaml
apiVersion: v1
kind: Namespace
metadata:
  name: ${namespace}
  labels:
    pod-security.kubernetes.io/enforce: restricted
`;
/** What only means something to Helm. */
const helmOnly = /^\s*(# Source: .*|helm\.sh\/chart: .*|app\.kubernetes\.io\/managed-by: Helm)\n/gm;

/** The manifest as the chart renders it today. */
export async function installManifest(): Promise<string> {
  const { stdout } = await promisify(execFile)(
    locateGoPart('helm').path,
    [
      ...['template', 'tuf-recovery', 'charts/tuf-recovery-operator', `--namespace=${namespace}`],
      ...['--kube-version=1.36', '--set=fullnameOverride=tuf-recovery,crds.keep=false'],
    ],
    { maxBuffer: 16 * 1024 * 1024 },
  );
  return `${head}${stdout.replace(helmOnly, '')}`;
}

if (import.meta.main) {
  await writeFile(installManifestPath, await installManifest());
  console.log(`wrote ${installManifestPath}`);
}
