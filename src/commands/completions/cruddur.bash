# Completions for cruddur in bash. To use them now:    source <(cruddur completions bash)
_cruddur() {
    local program=$1 candidate
    [[ $program == '~'* ]] && program=cruddur
    COMPREPLY=()
    # The whole line and not its words: bash cuts them at every colon and equals sign.
    while IFS= read -r candidate; do
        COMPREPLY+=("$candidate")
    done < <("$program" __complete bash -- "$2" "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[/=] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -F _cruddur cruddur
