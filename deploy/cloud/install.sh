#!/bin/sh
# Makes this Debian or Ubuntu machine a hosted site; run again with a newer clone or wheel it upgrades. What is there
# already stays as it is: settings, web server, database.
set -eu
# Whoever calls this may have a stricter one, and then the service could not read its own program.
umask 022

usage() {
    cat <<'END'
usage: sudo install.sh [--postgres] [--caddy HOST] [WHEEL]
  --postgres     the database is PostgreSQL on this machine, installed and made if need be; else it is a SQLite file
  --caddy HOST   Caddy on this machine takes https for this name, such as kembar.example.org
  WHEEL          what is installed; else the clone in which this script lies
END
}

here=$(cd "$(dirname "$0")" && pwd)
postgres='' host='' wheel=''
while [ $# -gt 0 ]; do
    case $1 in
    --postgres) postgres=yes ;;
    --caddy)
        host=${2:-}
        shift
        ;;
    -h | --help)
        usage
        exit 0
        ;;
    -*)
        usage >&2
        exit 2
        ;;
    *) wheel=$1 ;;
    esac
    shift
done

say() { echo "install.sh: $*" >&2; }
fail() {
    say "$*"
    exit 1
}

[ "$(id -u)" = 0 ] || fail "run it with sudo"
case $host in
*[!a-zA-Z0-9.-]*) fail "--caddy $host: expected a name such as kembar.example.org" ;;
esac
[ -z "$wheel" ] || [ -f "$wheel" ] || fail "$wheel: no such file"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Installs Debian packages whose command is missing: a command, then packages.
want() {
    command=$1
    shift
    command -v "$command" >/dev/null && return
    command -v apt-get >/dev/null || fail "$command is missing, and there is no apt-get here: install $* and run this again"
    say "installing $*"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "$@" >/dev/null
}

with_systemd() { [ -d /run/systemd/system ]; }

# The system's own: one of pyenv lies in a home that the service does not see.
want python3 python3
python=/usr/bin/python3
[ -x $python ] || python=$(command -v python3)
$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed; this is $($python --version)"
$python -c 'import ensurepip' 2>/dev/null || want no-such-command python3-venv

# Who serves: nobody logs in as it, and nothing but its state and the backups belongs to it.
getent passwd kembar-cloud >/dev/null ||
    useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin kembar-cloud

[ -x /opt/kembar/venv/bin/python ] || $python -m venv /opt/kembar/venv
pip() { /opt/kembar/venv/bin/python -m pip "$@" --quiet --disable-pip-version-check; }
if [ -z "$wheel" ]; then
    say "building a wheel of this clone"
    # Of a copy: what is built here would belong to root.
    mkdir "$work/clone"
    tar -C "$here/../.." --exclude=./.git --exclude=./.venv --exclude=./build --exclude=./dist --exclude=__pycache__ --exclude='.*_cache' -cf - . | tar -C "$work/clone" -xf -
    pip wheel --no-deps --wheel-dir "$work" "$work/clone"
    wheel=$(echo "$work"/kembar-*.whl)
fi
say "installing $(basename "$wheel")"
pip install --upgrade "${wheel}[cloud,postgres]"
# The same version once more may be another state of the clone.
pip install --force-reinstall --no-deps "$wheel"
ln -sf /opt/kembar/venv/bin/kembar-cloud /usr/local/bin/kembar-cloud

make_postgres() {
    want psql postgresql
    # A package that was just installed may need a moment to start.
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        as_postgres psql -qAtc 'SELECT 1' >/dev/null 2>&1 && break
        sleep 1
    done
    as_postgres psql -qAtc 'SELECT 1' >/dev/null || fail "PostgreSQL does not answer; start it and run this again"
    # The role has the name of the user: on the local socket the kernel says who that is, and there is no password.
    [ "$(as_postgres psql -qAtc "SELECT 1 FROM pg_roles WHERE rolname = 'kembar-cloud'")" = 1 ] ||
        as_postgres createuser --no-createdb --no-createrole --no-superuser kembar-cloud
    [ "$(as_postgres psql -qAtc "SELECT 1 FROM pg_database WHERE datname = 'kembar'")" = 1 ] ||
        as_postgres createdb --owner=kembar-cloud --encoding=UTF8 --template=template0 kembar
}

as_postgres() { (cd / && runuser -u postgres -- "$@"); }

[ -z "$postgres" ] || make_postgres

install -d -m 0750 -g kembar-cloud /etc/kembar-cloud
install -d -m 0700 -o kembar-cloud -g kembar-cloud /var/lib/kembar-cloud /var/backups/kembar-cloud
settings=/etc/kembar-cloud/cloud.toml
if [ -e $settings ]; then
    say "$settings is there and stays as it is"
else
    new=$work/new
    cp "$here/cloud.toml" "$new"
    if [ -n "$postgres" ]; then
        sed -i -e 's|^database = .*|database = "postgresql:///kembar?host=/run/postgresql"|' \
            -e 's|^#key_file = |key_file = |' "$new"
    fi
    [ -z "$host" ] || sed -i -e "s|^#url = .*|url = \"https://$host\"|" "$new"
    install -m 0640 -g kembar-cloud "$new" $settings
fi

make_caddy() {
    want caddy caddy
    new=$work/new
    sed -e "s/^kembar\.example\.org /$host /" "$here/Caddyfile" >"$new"
    if cmp -s "$new" /etc/caddy/Caddyfile; then
        :
    elif [ ! -e /etc/caddy/Caddyfile ] || grep -q '^[[:space:]]*root \* /usr/share/caddy' /etc/caddy/Caddyfile; then
        install -m 0644 "$new" /etc/caddy/Caddyfile # in place of the page that only says that Caddy works
        ! with_systemd || systemctl reload-or-restart caddy
    else
        say "/etc/caddy/Caddyfile is somebody's own and stays as it is; what Kembar wants there is in $here/Caddyfile"
    fi
}

[ -z "$host" ] || make_caddy

install -m 0644 "$here/kembar-cloud.service" "$here/kembar-cloud-backup.service" "$here/kembar-cloud-backup.timer" \
    /etc/systemd/system/
# Mistakes in the settings are told here, before anything is started.
runuser -u kembar-cloud -- /opt/kembar/venv/bin/kembar-cloud migrate --config $settings
if with_systemd; then
    systemctl daemon-reload
    systemctl enable --quiet kembar-cloud kembar-cloud-backup.timer
    systemctl restart kembar-cloud
    systemctl start kembar-cloud-backup.timer
else
    say "no systemd here; this serves: runuser -u kembar-cloud -- kembar-cloud serve --config $settings"
fi

echo "The hosted site is installed. A link for its first owner, good once and for 7 days:"
echo "  sudo -u kembar-cloud kembar-cloud invite --config $settings"
