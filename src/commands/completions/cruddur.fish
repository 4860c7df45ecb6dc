# Completions for cruddur in fish. To use them now:    cruddur completions fish | source
function __cruddur_complete
    set -l words (commandline -opc)
    set -l program cruddur
    type -q -- $words[1]; and set program $words[1]
    command $program __complete fish -- $words (commandline -ct) 2>/dev/null
end
complete -c cruddur -f -k -a '(__cruddur_complete)'
