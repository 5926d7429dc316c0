import { Argument, type Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { terminalText } from '../output/terminal-text.ts';
import { complete } from './candidates.ts';
import { completionScripts, type Shell, shells } from './scripts.ts';

/** `completion SHELL` prints a script; `__complete WORDS…` is what the script asks. */
export function registerCompletion(program: Command, context: CommandContext): void {
  program
    .command('completion')
    .summary('print the completion script of a shell')
    .description(
      'Print the completion script of a shell: commands, flags, their values, and the names of apps and runs in the cluster.\n\n' +
        'bash: source <(tuf-recovery completion bash)   zsh: source <(tuf-recovery completion zsh)   ' +
        'fish: tuf-recovery completion fish | source\n\n' +
        'For kubectl tuf-recovery, kubectl itself asks kubectl_complete-tuf_recovery, which is installed beside the plugin.',
    )
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .action((shell: Shell) => {
      context.stdout.write(completionScripts[shell]);
    });

  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .helpOption(false)
    .passThroughOptions()
    .action(async (words: readonly string[]) => {
      const completion = complete(program, words);
      const { namesInCluster } = await import('./cluster-names.ts');
      const names =
        completion.names === undefined
          ? []
          : await namesInCluster(completion.names, completion, context.signal);
      const start = words.at(-1) ?? '';
      const all = [...completion.candidates, ...names.filter(({ value }) => value.startsWith(start))];
      const lines = all.map(
        ({ value, description }) => `${terminalText(value)}\t${terminalText(description)}\n`,
      );
      context.stdout.write(`${lines.join('')}${completion.files ? ':0' : ':4'}\n`);
    });
}
