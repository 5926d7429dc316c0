import { execFile } from 'node:child_process';

/** Runs a program to its end and returns its standard output; rejects with its standard error. */
export function execute(command: string, args: readonly string[], input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, [...args], { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error) {
        reject(new Error(`${command} ${args.join(' ')}: ${stderr.trim()}`, { cause: error }));
      } else {
        resolve(stdout);
      }
    });
    // The program may end before it has read its input; its exit code tells.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
