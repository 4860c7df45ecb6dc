#!/bin/sh
# Inside a bare Debian, as root: installs one kind of package as its users would, uses, upgrades and
# removes it. /srv/packages has the packages; those in its folder `older` have an earlier version.
#
# usage: try.sh deb|tarball|wheel|npm VERSION
set -eu
kind=$1 version=$2
packages=/srv/packages
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

die() { echo "error: $*" >&2; exit 1; }
quietly() { "$@" >/tmp/log 2>&1 </dev/null || { cat /tmp/log >&2; die "$* failed"; }; }
install_debian() { quietly apt-get install -y --no-install-recommends "$@"; }
need_postgresql() { command -v pg_ctlcluster >/dev/null || install_debian postgresql; }
as_user() { runuser -u user -- env -C /home/user HOME=/home/user USER=user PATH="$user_path" "$@"; }

# $1: the folder of the packages.
case $kind in
    deb)
        user_path=/usr/bin:/bin
        prepare() { :; }
        install_it() { quietly apt-get install -y "$1"/cruddur_*.deb; }
        remove_it() { quietly apt-get purge -y cruddur; }
        version_of_it() { dpkg-query -W -f '${Version}' cruddur; }
        ;;
    tarball)
        user_path=/usr/local/bin:/usr/bin:/bin
        prepare() { :; }
        install_it() {
            need_postgresql
            tar -xzf "$1"/cruddur-[0-9]*.tar.gz -C /usr/local --strip-components=1
        }
        remove_it() {
            tar -tzf "$packages"/cruddur-[0-9]*.tar.gz | sed 's|^[^/]*/|/usr/local/|' | xargs rm
            rmdir /usr/local/share/doc/cruddur
        }
        # Nobody keeps that of a tarball but the program.
        version_of_it() { as_user cruddur --version | cut -d ' ' -f 2; }
        ;;
    wheel)
        user_path=/home/user/venv/bin:/usr/bin:/bin
        prepare() { install_debian python3-venv; as_user python3 -m venv venv; }
        install_it() {
            need_postgresql
            quietly as_user pip install --disable-pip-version-check --no-index "$1"/cruddur-*.whl
        }
        remove_it() { quietly as_user pip uninstall -y cruddur; }
        version_of_it() { as_user pip show cruddur 2>/dev/null | sed -n 's/^Version: //p'; }
        ;;
    npm)
        user_path=/home/user/node_modules/.bin:/usr/bin:/bin
        prepare() { install_debian npm; }
        install_it() {
            need_postgresql
            quietly as_user npm install --no-audit --no-fund "$1"/cruddur-[0-9]*.tgz "$1"/cruddur-linux-*.tgz
        }
        remove_it() { quietly as_user npm uninstall --no-audit --no-fund cruddur cruddur-linux-x64 cruddur-linux-arm64; }
        version_of_it() { as_user node -p 'require("/home/user/node_modules/cruddur/package.json").version'; }
        ;;
    *) die "\"$kind\" is neither deb, tarball, wheel nor npm" ;;
esac

demand_version() {
    found=$(version_of_it)
    [ "$found" = "$1" ] || die "version $1 is installed, but $kind says \"$found\""
}

demand_conversation() {
    as_user cruddur local exec -- sh -c 'cruddur setup && cruddur ddb patterns list-conversations' \
        >/tmp/conversations 2>/tmp/log || { cat /tmp/log >&2; die "cruddur setup failed"; }
    grep -q 'Oscar Lindqvist (oscar)' /tmp/conversations || die "no conversation: $(cat /tmp/conversations)"
}

# A wheel's and npm's completions are not where shells look: there one loads what cruddur prints.
demand_shells() {
    case $kind in
        deb | tarball)
            load_bash='. /usr/share/bash-completion/bash_completion; { _comp_load cruddur || _completion_loader cruddur; } 2>/dev/null'
            load_zsh=:
            load_fish=:
            ;;
        *)
            load_bash='source <(cruddur completions bash)'
            load_zsh='source <(cruddur completions zsh)'
            load_fish='cruddur completions fish | source'
            ;;
    esac
    # shellcheck disable=SC2016 # for that bash
    as_user bash -c "$load_bash"'
        COMP_WORDS=(cruddur db schema-) COMP_CWORD=2 COMP_LINE="cruddur db schema-" COMP_POINT=18 COMP_TYPE=9
        $(complete -p cruddur | sed "s/.*-F \([^ ]*\).*/\1/") cruddur schema- db
        [[ " ${COMPREPLY[*]} " = *schema-load* ]]
    ' || die "bash does not complete"
    as_user timeout 60 zsh -f -c '
        zmodload zsh/zpty
        zpty shell zsh -f -i
        zpty -w shell "unsetopt BEEP; autoload -Uz compinit && compinit -u -D; '"$load_zsh"'"
        zpty -w -n shell $'"'cruddur db schema-\\t'"'
        zpty -r -m shell shown "*schema-load*"
    ' || die "zsh does not complete"
    # Below /usr/local fish looks where this is set, as a desktop's session does.
    as_user env XDG_DATA_DIRS=/usr/local/share:/usr/share \
        fish -c "$load_fish; complete -C 'cruddur db schema-'" | grep -q '^schema-load' || die "fish does not complete"
}

demand_page() {
    as_user man -P cat cruddur-ddb-scan | grep -q 'cruddur ddb scan' || die "man finds no page"
}

demand_nothing_left() {
    left=$(find / -xdev \( -path /srv -o -path /proc \) -prune -o -name '*cruddur*' -print)
    [ -z "$left" ] || die "left behind: $left"
    ! as_user sh -c 'command -v cruddur' >/dev/null || die "cruddur is still found"
}

# A package brings along no service that would start in here.
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod +x /usr/sbin/policy-rc.d
useradd --create-home user
quietly apt-get update
prepare
began=$(date +%s)
install_it "$packages"
demand_conversation
seconds=$(($(date +%s) - began))
demand_version "$version"
install_debian bash-completion zsh fish man-db
demand_shells
[ "$kind" = npm ] || demand_page
remove_it
demand_nothing_left
install_it "$packages/older"
install_it "$packages"
demand_version "$version"
demand_conversation
remove_it
demand_nothing_left
echo "$kind on $(. /etc/os-release; echo "$PRETTY_NAME"): a seeded conversation $seconds s after the first command; upgraded; removed"
