import type { Command } from 'commander';
import packageJSON from '../../package.json' with { type: 'json' };
import { commandExamples } from '../../src/cli/examples.ts';
import { exitCodesOf } from '../../src/cli/exit-codes.ts';

/** The manual page of the program, section 1: every command with its flags, an example and its exit codes. */
export function manPage(program: Command): string {
  const commands = program.createHelp().visibleCommands(program);
  return [
    `.TH TUF-RECOVERY 1 "" "tuf-recovery ${packageJSON.version}" "User Commands"\n`,
    '.SH NAME\n',
    `tuf\\-recovery \\- ${text(packageJSON.description)}\n`,
    '.SH SYNOPSIS\n',
    '.B tuf\\-recovery\n.I command\n.RI [ options ]\n',
    '.PP\n.B kubectl tuf\\-recovery\n.I command\n.RI [ options ]\n',
    '.SH DESCRIPTION\n',
    'The commands that need no Kubernetes read the metadata of an app and Redis themselves; the others ask an API server.\n',
    'As\n.B kubectl\\-tuf_recovery\non the PATH the program is a plugin of kubectl.\n',
    '.SH COMMANDS\n',
    ...commands.flatMap((command) => chapter(command)),
    '.SH ENVIRONMENT\n',
    'S3_ACCESS_KEY, S3_SECRET_KEY, S3_ENDPOINT, S3_REGION, S3_BUCKET_NAME, REDIS_HOST, REDIS_PORT, REDIS_PASSWORD and more:\n',
    'the names are those of the server, so that its own .env works. KUBECONFIG is read as kubectl reads it.\n',
    '.SH SEE ALSO\n.BR kubectl (1)\n',
  ].join('');
}

function chapter(command: Command, parent = ''): string[] {
  const name = `${parent}${command.name()}`;
  const examples = (commandExamples[name] ?? []).map((line) => `.PP\n.RS\n.nf\n${text(line)}\n.fi\n.RE\n`);
  const isTop = parent === '';
  return [
    `.SS ${text(name)} ${text(command.usage())}\n`,
    ...command
      .description()
      .split('\n\n')
      .map((paragraph) => `.PP\n${text(paragraph)}\n`),
    ...command.options
      .filter(({ hidden }) => !hidden)
      .map(({ flags, description }) => `.TP\n.B ${text(flags)}\n${text(description)}\n`),
    ...(isTop ? [...examples, `.PP\n${text(exitCodesText(name))}\n`] : []),
    ...command.commands.flatMap((each) => chapter(each, `${name} `)),
  ];
}

function exitCodesText(command: string): string {
  return `Exit codes: ${exitCodesOf(command)
    .map((each) => each.join(' '))
    .join('; ')}.`;
}

/**
 * Escapes what roff takes for its own: backslashes, hyphens that must stay hyphens, and a dot or quote that
 * begins a line.
 */
function text(plain: string): string {
  return plain
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('…', '...')
    .replaceAll('→', '->')
    .replaceAll('\n', ' ')
    .replace(/^([.'])/, '\\&$1');
}
