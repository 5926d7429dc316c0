import { execFile } from 'node:child_process';
import { asset } from '../harness/assets.ts';

/** What an engine makes of an object. */
export interface EngineVerdict {
  readonly status: string;
  readonly message: string;
}

/**
 * Asks the libraries that GitOps engines themselves use: `['kstatus']`, `['flux', KUSTOMIZATION]`,
 * `['argocd', HEALTH_LUA]`, or `['decode']` for the Go type of the object's kind.
 */
export function gitopsHealth(args: readonly string[], object: unknown): Promise<EngineVerdict> {
  return new Promise((resolve, reject) => {
    const child = execFile(asset('gitops-health'), [...args], (error, stdout, stderr) => {
      if (error) {
        reject(new Error(stderr.trim(), { cause: error }));
      }
      // The program prints exactly this shape.
      else {
        resolve(JSON.parse(stdout) as EngineVerdict);
      }
    });
    child.stdin?.end(JSON.stringify(object));
  });
}
