# Completion of actors443 for bash: /usr/share/bash-completion/completions/actors443
_actors443() {
  local IFS=$'\n'
  COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
  ((${#COMPREPLY[@]})) || compopt -o default
}
complete -F _actors443 actors443
