/** Shells for which there is a script. */
export const shells = ['bash', 'zsh', 'fish'] as const;

/** One of {@link shells}. */
export type Shell = (typeof shells)[number];

/**
 * The script that a shell reads once. It asks the program what may be typed: each line of the answer is a
 * value, a tab and a description; the last one is `:0` where the shell completes file names, and `:4` where
 * it does not, as kubectl expects it of a plugin.
 */
export const completionScripts: Readonly<Record<Shell, string>> = {
  bash: `# bash completion of tuf-recovery. Load it: source <(tuf-recovery completion bash)
_tuf_recovery() {
  local line files=1
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :4) files=0 ;;
      :0) ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <(tuf-recovery __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  # Bash has cut the word at the =, and completes only what is behind it.
  if [[ \${COMP_WORDS[COMP_CWORD-1]} == '=' || \${COMP_WORDS[COMP_CWORD]} == '=' ]]; then
    COMPREPLY=("\${COMPREPLY[@]#*=}")
  fi
  if [[ $files == 0 ]]; then
    compopt +o default 2>/dev/null
  fi
}
complete -o default -F _tuf_recovery tuf-recovery
`,
  zsh: `#compdef tuf-recovery
# zsh completion of tuf-recovery. Load it: source <(tuf-recovery completion zsh)
_tuf_recovery() {
  local line directive=:0
  local -a candidates
  while IFS= read -r line; do
    case $line in
      :0|:4) directive=$line ;;
      *) candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done < <(tuf-recovery __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#candidates} )); then
    _describe tuf-recovery candidates
  elif [[ $directive == :0 ]]; then
    _files
  fi
}
if [[ $funcstack[1] == _tuf_recovery ]]; then
  _tuf_recovery
else
  compdef _tuf_recovery tuf-recovery
fi
`,
  fish: `# fish completion of tuf-recovery. Load it: tuf-recovery completion fish | source
function __tuf_recovery_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l lines (tuf-recovery __complete $words[2..-1] 2>/dev/null)
  if test "$lines[-1]" = ':0'
    __fish_complete_path (commandline -ct)
  end
  printf '%s\\n' $lines | string match -v -r '^:[04]$'
end
complete -c tuf-recovery -f -a '(__tuf_recovery_complete)'
`,
};
