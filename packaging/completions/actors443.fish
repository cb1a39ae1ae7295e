# Completion of actors443 for fish: /usr/share/fish/vendor_completions.d/actors443.fish
complete -c actors443 -a '(actors443 "[suggest:"(string length -- (commandline -cp))"]" (commandline -cp) 2>/dev/null)'
