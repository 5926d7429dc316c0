import { execFile } from 'node:child_process';

/** Runs a program to its end and returns its standard output; rejects with what it wrote to standard error. */
export function run(command: string, args: readonly string[], input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { maxBuffer: 64 * 1024 * 1024 };
    const child = execFile(command, [...args], options, (cause, stdout, stderr) => {
      if (cause) {
        reject(new Error(`${command} ${args.join(' ')}: ${stderr.trim()}`, { cause }));
      } else {
        resolve(stdout);
      }
    });
    // The program may end before it has read its input; its exit code tells.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
