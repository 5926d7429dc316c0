import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { isExecutable, locateGoPart } from '../setup/locate.mjs';
import { type GoPart, goParts } from '../setup/parts.mjs';
import type { Screen } from './screen.ts';

/** Programs of a cluster that are being built. */
export interface ClusterParts extends AsyncDisposable {
  readonly names: readonly string[];
  /** How long each takes elsewhere. */
  readonly effort: string;
  /**
   * Shows what is being built, until all of it is.
   *
   * @throws Error when something can't be built; set-up has said what and why
   */
  built(screen: Screen): Promise<void>;
}

/** What the part of the demo on Kubernetes runs on and is not there yet, with what the environment names. */
export function missingParts(env: NodeJS.ProcessEnv): readonly GoPart[] {
  const given = new Set([
    ...(env['KUBECONFIG'] === undefined ? [] : ['etcd', 'kube-apiserver']),
    ...(env['S3_ENDPOINT'] === undefined ? [] : ['versitygw']),
  ]);
  return goParts().filter(
    ({ name, neededFor }) =>
      neededFor.includes('demo') && !given.has(name) && !isExecutable(locateGoPart(name).path),
  );
}

const setup = fileURLToPath(new URL('../setup.mjs', import.meta.url));
const everySecond = 1_000;

/** Starts to build parts of a cluster. Ending this, or the process by Ctrl-C, ends the build. */
export function startBuilding(parts: readonly GoPart[]): ClusterParts {
  // A process group of its own, so that the compilers can be ended with it.
  const child = spawn(process.execPath, [setup, 'demo'], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, CI: '1' },
  });
  const end = (): void => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      process.kill(-child.pid, 'SIGTERM');
    }
  };
  const interrupted = (): void => {
    end();
    process.exit(130);
  };
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  const said: string[] = [];
  let hear = (line: string): void => void said.push(line);
  const lines = createInterface({ input: child.stderr });
  lines.on('line', (line) => hear(line));
  const exited = Promise.all([once(child, 'exit'), once(lines, 'close')]);
  // Reported by built(), if it comes to that.
  exited.catch(() => undefined);
  return {
    names: parts.map(({ name }) => name),
    effort: parts.map(({ name, effort }) => `${name} ${effort}`).join(', '),
    built: async (screen) => {
      screen.chapter('Now on Kubernetes', '  Building what it needs; each part is kept for the next time.');
      const show = progressOn(screen);
      const timer = setInterval(() => show.tick(), everySecond);
      hear = show.line;
      said.forEach(show.line);
      const [[code]] = await exited.finally(() => clearInterval(timer));
      if (code !== 0) {
        throw new Error('The parts of a cluster could not be built. npm run demo -- --engine does without.');
      }
    },
    [Symbol.asyncDispose]: async () => {
      process.off('SIGINT', interrupted);
      process.off('SIGTERM', interrupted);
      end();
    },
  };
}

/** Lines of set-up, `setup: NAME: TEXT`: the last one is shown with its age where lines can be rewritten. */
function progressOn(screen: Screen): { line(line: string): void; tick(): void } {
  let current = '';
  let since = performance.now();
  return {
    line: (line) => {
      if (line.trim() !== '') {
        current = line.replace(/^setup: /, '');
        since = performance.now();
        screen.settle(`  ${current}`);
      }
    },
    tick: () => {
      if (current !== '') {
        screen.live(`  ${screen.dim('…')} ${current} · ${Math.round((performance.now() - since) / 1000)} s`);
      }
    },
  };
}
