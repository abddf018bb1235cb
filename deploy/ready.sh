#!/usr/bin/env bash
# Makes ready what `make` needs and pip cannot bring: `venv` a .venv; `chromium`, `strace`, `faketime` and `postgres`
# what the tests use; `avr` the compiler of the Arduino sketch, `arduino` Arduino's own build system, `simavr` the
# simulator, `doctest` what the sketch's tests on this machine need; `victoria-metrics`, `mosquitto` and `gateway`
# what `make bench-peers` compares Kembar with.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "$*" >&2; }

# Installs Debian packages where that may be done without asking anybody; false where it may not.
apt_install() {
    local as=()
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || return 1
        as=(sudo -n)
    fi
    say "installing $*"
    "${as[@]}" apt-get update -qq </dev/null >&2 || true # old lists may do
    "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "$@" </dev/null >&2
}

# The newest Python that starts at all (a shim without a version behind it does not) and is new enough.
newest_python() {
    local name
    for name in python3 python3.{11..19}; do
        "$name" -c 'import sys
if sys.version_info >= (3, 11):
    print(sys.version_info.minor, sys.executable)' 2>/dev/null || true
    done | sort -rn -s -k 1,1 | head -n 1 | cut -d ' ' -f 2-
}

make_venv() {
    local python version
    [ -x .venv/bin/python ] && .venv/bin/python -m pip --version >/dev/null 2>&1 && return
    python=$(newest_python)
    if [ -z "$python" ]; then
        say "Kembar needs Python 3.11 or newer; no python3 or python3.11, 3.12, … was found."
        say "On Debian or Raspberry Pi OS: sudo apt-get install python3 python3-venv"
        return 1
    fi
    version=$("$python" -c 'import sys; print("{}.{}".format(*sys.version_info))')
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        apt_install "python$version-venv" || apt_install python3-venv || {
            say "$python has no venv. On Debian or Raspberry Pi OS: sudo apt-get install python$version-venv"
            return 1
        }
    fi
    say "making .venv with $python ($version)"
    "$python" -m venv --clear .venv
}

# It pins what it depends on, so it has a place of its own; the REST connector needs aiohttp and would fetch it itself.
GATEWAY=build/peers
make_gateway() {
    local python
    [ -e $GATEWAY/made ] && return
    python=$(newest_python)
    say "installing thingsboard-gateway into $GATEWAY, which takes some minutes"
    "$python" -m venv --clear $GATEWAY &&
        $GATEWAY/bin/python -m pip install --quiet --disable-pip-version-check \
            thingsboard-gateway==3.8.5 'paho-mqtt>=2,<3' 'aiohttp>=3.9,<4' >&2 &&
        touch $GATEWAY/made
}

find_mosquitto() {
    [ -n "$(PATH=$PATH:/usr/sbin command -v mosquitto)" ]
}

find_chromium() {
    [ -n "$(command -v chromium || command -v chromium-browser || command -v google-chrome)" ]
}

find_faketime() {
    compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null
}

find_postgres() {
    [ -n "$(command -v pg_ctl)" ] || compgen -G '/usr/lib/postgresql/*/bin/pg_ctl' >/dev/null
}

find_avr() {
    # avr-gcc without its C library or the Arduino core is of no use.
    command -v avr-gcc >/dev/null && [ -e /usr/lib/avr/include/avr/io.h ] &&
        [ -e /usr/share/arduino/hardware/arduino/avr/cores/arduino/Arduino.h ]
}

find_simavr() {
    command -v simavr >/dev/null && command -v gcc >/dev/null && command -v pkg-config >/dev/null &&
        pkg-config --exists simavr &&
        [ -e /usr/include/libelf.h ]
}

find_doctest() {
    command -v g++ >/dev/null && [ -e /usr/include/doctest/doctest.h ]
}

[ $# -gt 0 ] || set -- help
for wanted; do
    case $wanted in
    venv) make_venv ;;
    # Whether a missing tool skips its tests or fails them is decided in tests/conftest.py.
    chromium)
        find_chromium || apt_install chromium || say "no chromium: the tests that need a browser cannot run"
        ;;
    strace)
        command -v strace >/dev/null || apt_install strace || say "no strace: the test of system calls cannot run"
        ;;
    faketime)
        find_faketime || apt_install faketime || say "no libfaketime: the test of a stepping clock cannot run"
        ;;
    postgres)
        find_postgres || apt_install postgresql || say "no PostgreSQL server: its tests cannot run"
        ;;
    avr)
        find_avr || apt_install gcc-avr avr-libc arduino-core-avr ||
            say "no avr-gcc with the Arduino core: the sketch cannot be built"
        ;;
    arduino)
        command -v arduino-builder >/dev/null && command -v arduino-ctags >/dev/null ||
            apt_install arduino-builder arduino-ctags ||
            say "no arduino-builder: whether Arduino's build system takes the sketch cannot be tested"
        ;;
    simavr)
        find_simavr || apt_install simavr libsimavr-dev libelf-dev pkg-config gcc libc6-dev ||
            say "no simavr: the tests of the sketch in its simulator cannot run"
        ;;
    doctest)
        find_doctest || apt_install doctest-dev g++ ||
            say "no doctest: the tests of the sketch's logic cannot run"
        ;;
    # What is missing here has a row in the table that says so: bench/peers/run.py.
    victoria-metrics)
        command -v vmagent >/dev/null && command -v victoria-metrics >/dev/null || apt_install victoria-metrics ||
            say "no vmagent and victoria-metrics: they cannot be compared"
        ;;
    mosquitto)
        find_mosquitto || apt_install mosquitto || say "no mosquitto: its bridge cannot be compared"
        ;;
    gateway)
        make_gateway || say "no thingsboard-gateway: it cannot be compared"
        ;;
    *)
        say "usage: ready.sh venv|chromium|strace|faketime|postgres|avr|arduino|simavr|doctest|victoria-metrics|mosquitto|gateway ..."
        exit 2
        ;;
    esac
done
