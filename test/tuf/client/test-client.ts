import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Command } from 'commander';
import { expect } from 'vitest';
import { registerConformance } from '../../../src/cli/commands/conformance.ts';
import type { CommandContext } from '../../../src/cli/context.ts';
import { RecoveryError } from '../../../src/errors.ts';
import { fileOf, sha256 } from '../generator/mutations/mutation.ts';
import { inAYear, Repository, type RepositoryOptions } from '../generator/repository.ts';
import { FileServer } from '../http-server.ts';

/** The command reads the clock. One value, or two states of a repository would not share a root. */
export const EXPIRES = inAYear(new Date());

/**
 * A client with directories of its own and the mirror it reads, driven as the conformance suite drives one.
 */
export class TestClient {
  /** Holds everything the client writes. */
  readonly base = mkdtempSync(join(tmpdir(), 'conformance-client-'));
  readonly metadataDir = join(this.base, 'metadata');
  readonly targetDir = join(this.base, 'targets');
  readonly server: FileServer;

  private constructor(server: FileServer) {
    this.server = server;
  }

  static async start(): Promise<TestClient> {
    return new TestClient(await FileServer.start());
  }

  async stop(): Promise<void> {
    await this.server.stop();
    rmSync(this.base, { recursive: true, force: true });
  }

  /** Runs the command; `ok`, or the code of the refusal. */
  async run(...args: readonly string[]): Promise<string> {
    const context: Partial<CommandContext> = {
      stderr: new PassThrough(),
      signal: new AbortController().signal,
    };
    const program = new Command().exitOverride();
    // The command uses nothing else of its context.
    registerConformance(program, context as CommandContext);
    try {
      await program.parseAsync(['conformance', '--metadata-dir', this.metadataDir, ...args], {
        from: 'user',
      });
      return 'ok';
    } catch (error) {
      if (error instanceof RecoveryError) {
        return 'finding' in error ? String(error.finding) : error.code;
      }
      throw error;
    }
  }

  /** Makes root 1 of `files` the trusted one. */
  async initialise(files: ReadonlyMap<string, Buffer>): Promise<void> {
    const root = join(this.base, 'initial.json');
    writeFileSync(root, fileOf(files, '1.root.json'));
    expect(await this.run('init', root)).toBe('ok');
  }

  refresh(): Promise<string> {
    return this.run('--metadata-url', `${this.server.url}metadata/`, 'refresh');
  }

  download(...names: readonly string[]): Promise<string> {
    return this.run(
      ...['--metadata-url', `${this.server.url}metadata`],
      ...['--target-base-url', `${this.server.url}targets/`],
      ...['--target-dir', this.targetDir],
      ...names.flatMap((name) => ['--target-name', name]),
      'download',
    );
  }

  /** Serves a state of a repository; files of earlier states stay, as in a bucket. */
  publish(
    options: RepositoryOptions,
    change: (repository: Repository) => void = () => {},
  ): Map<string, Buffer> {
    const repository = new Repository({ expires: EXPIRES, ...options });
    change(repository);
    const files = repository.seal();
    this.serve(files);
    return files;
  }

  serve(files: ReadonlyMap<string, Buffer>): void {
    for (const [name, bytes] of files) {
      this.server.files.set(`metadata/${encodeURIComponent(name)}`, bytes);
    }
  }

  /** Adds an artifact to a role and to the mirror. */
  artifact(repository: Repository, role: string, path: string, content: string): void {
    const bytes = Buffer.from(content);
    const { targets } = repository.file(role).signed as { targets: Record<string, unknown> };
    targets[path] = { length: bytes.length, hashes: { sha256: sha256(bytes) } };
    const slash = path.lastIndexOf('/') + 1;
    this.server.files.set(`targets/${path.slice(0, slash)}${sha256(bytes)}.${path.slice(slash)}`, bytes);
  }

  /** The trusted bytes of a role. */
  trusted(role: string): Buffer {
    return readFileSync(join(this.metadataDir, `${role}.json`));
  }

  /** Puts bytes where the trusted ones of a role are. */
  store(role: string, bytes: Uint8Array): void {
    writeFileSync(join(this.metadataDir, `${role}.json`), bytes);
  }

  /** Cuts the trusted bytes of a role short, as a full disk would. */
  damageStored(role: string): void {
    this.store(role, this.trusted(role).subarray(0, 100));
  }

  trustedVersion(role: string): number {
    return JSON.parse(this.trusted(role).toString()).signed.version;
  }

  /** Names of the files with trusted metadata. */
  trustedFiles(): readonly string[] {
    return readdirSync(this.metadataDir).sort();
  }

  /** Names of the downloaded artifacts' files. */
  downloads(): readonly string[] {
    return readdirSync(this.targetDir).sort();
  }

  downloaded(file: string): string {
    return readFileSync(join(this.targetDir, file), 'utf8');
  }

  /** Metadata files in the order they were asked for. */
  metadataRequests(): readonly string[] {
    return this.server.requests
      .filter((path) => path.startsWith('metadata/'))
      .map((path) => path.slice('metadata/'.length));
  }
}
