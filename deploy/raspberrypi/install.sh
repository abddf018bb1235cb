#!/bin/sh
# Makes this Raspberry Pi an edge from a wheel; run again with a newer wheel it upgrades. Settings are kept.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
wheel=${1:?usage: install.sh kembar-….whl}
[ "$(id -u)" = 0 ] || { echo "install.sh: run it with sudo" >&2; exit 1; }

getent group kembar >/dev/null || groupadd --system kembar
for user in kembar kembar-sync; do
    getent passwd "$user" >/dev/null ||
        useradd --system --gid kembar --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin "$user"
done

python3 -c 'import ensurepip' 2>/dev/null || apt-get install --yes python3-venv
[ -x /opt/kembar/venv/bin/python ] || python3 -m venv /opt/kembar/venv
/opt/kembar/venv/bin/python -m pip install --upgrade "$wheel"

# Others pass through the folder, but the token in it is readable by its owner only.
install -d -m 0755 /etc/kembar
[ -e /etc/kembar/edge.toml ] || install -m 0640 -g kembar "$here/edge.toml" /etc/kembar/edge.toml
[ -e /etc/kembar/cloud.token ] || install -m 0400 -o kembar-sync -g kembar /dev/null /etc/kembar/cloud.token

# Tokens of pairings: made here, so that they belong to the user that sends, whoever pairs first.
install -d -m 2770 -o kembar -g kembar /var/lib/kembar
install -d -m 2750 -o kembar-sync -g kembar /var/lib/kembar/paired

install -m 0644 "$here"/kembar-*.service /etc/systemd/system/
systemctl daemon-reload
systemctl enable kembar-collect kembar-serve kembar-sync
echo "Now edit /etc/kembar/edge.toml, and restart:"
echo "  sudo systemctl restart kembar-collect kembar-serve kembar-sync"
echo "Then pair it with the hosted site, or put a token into /etc/kembar/cloud.token as [[cloud]] says:"
echo "  sudo -u kembar-sync /opt/kembar/venv/bin/kembar-sync pair https://... --config /etc/kembar/edge.toml"
