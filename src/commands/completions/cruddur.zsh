#compdef cruddur
# Completions for cruddur in zsh. To use them now:    source <(cruddur completions zsh)
_cruddur() {
    local program=${(Q)words[1]} line value
    local -a described open
    [[ $program == '~'* ]] && program=cruddur
    for line in "${(@f)$("$program" __complete zsh -- "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
        value=${line%%$'\t'*}
        case $value in
            '') ;;
            */|*=) open+=("$value") ;;
            *$'\t'*) ;;
            *) described+=("${value//:/\\:}:${line#*$'\t'}") ;;
        esac
    done
    (( $#described )) && _describe -V cruddur described
    (( $#open )) && compadd -S '' -a open
}
if [[ $funcstack[1] == _cruddur ]]; then
    _cruddur "$@"
else
    compdef _cruddur cruddur
fi
