import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { schemaOfCommand } from '../../scripts/generate/output-schemas.ts';

/**
 * Fails unless that is what the published schema of a command promises, and nothing beside it.
 *
 * @param command its name, for example `target create`
 */
export function expectPublishedSchema(command: string, output: unknown): void {
  const { error } = publishedSchema(command).safeParse(output);
  if (error !== undefined) {
    throw new Error(
      `The output of ${command} is not what its schema says: ${JSON.stringify(error.issues, null, 1).slice(0, 4_000)}`,
    );
  }
}

/** The schema of the documentation, as a reader finds it. */
export function publishedSchema(command: string): z.ZodType {
  const name = schemaOfCommand[command];
  if (name === undefined) {
    throw new Error(`There is no schema of ${command}.`);
  }
  return z.fromJSONSchema(JSON.parse(readFileSync(`docs/reference/schemas/${name}.schema.json`, 'utf8')));
}

/** The command of a command line: its first word, or two where the first has commands of its own. */
export function commandOf([first = '', second = '']: readonly string[]): string {
  return first === 'target' ? `${first} ${second}` : first;
}
