# What scripts of this repository need of a machine, brought when it is missing. Sourced by tests/run, tests/package/run and those in .ci.
# shellcheck shell=bash

say() { printf '%s: %s\n' "$0" "$*" >&2; }

# Whether one of these commands is there.
any_command() {
    local name
    for name in "$@"; do
        if command -v "$name" >/dev/null; then return 0; fi
    done
    return 1
}

# Repeats what needs a network, three times in all.
again() {
    local try
    for try in 1 2; do
        if "$@"; then return 0; fi
        say "failed, once more: $1 (try $try)"
        sleep $((try * 5))
    done
    "$@"
}

fetch_packages() {
    # Lists of packages grow old, and a new machine has none.
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null 2>&1 ||
        { apt-get update -qq </dev/null >/dev/null &&
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null; }
}

# Installs packages of Debian or Ubuntu; elsewhere says what is missing.
install_package() {
    if [ "$(id -u)" -ne 0 ] || ! any_command apt-get; then
        say "'$*' is missing. Install it with the package manager of your system, then run this again."
        exit 3
    fi
    say "installing the package $*"
    again fetch_packages "$@"
}

# SQLite and the cryptography of TLS are compiled from C.
bring_compiler() {
    any_command cc || install_package gcc libc6-dev
    any_command cargo || { say "Rust is missing: https://rustup.rs"; exit 3; }
}

# The server's programs, which the tests start by themselves.
bring_postgres() {
    [ -n "${IKD_TEST_PG_BIN:-}" ] || any_command initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null ||
        install_package postgresql
}

# A module of keys that is a program: what speaks to it speaks to hardware.
bring_softhsm() {
    any_command softhsm2-util || install_package softhsm2
    any_command pkcs11-tool || install_package opensc
    any_command p11-kit || install_package p11-kit
    [ -n "$(find /usr/lib -path '*/pkcs11/p11-kit-client.so' 2>/dev/null)" ] || install_package p11-kit-modules
}

# bring_python FOLDER REQUIREMENTS: a Python environment that holds exactly these packages.
bring_python() {
    local folder="$1" wanted="$2"
    if [ -x "$folder/bin/python" ] && [ "$(cat "$folder/installed.txt" 2>/dev/null)" = "$wanted" ]; then return 0; fi
    any_command python3 || install_package python3
    say "making the Python environment $folder"
    rm -rf "$folder"
    mkdir -p "$(dirname "$folder")"
    python3 -m venv "$folder" >/dev/null 2>&1 ||
        { install_package python3-venv && rm -rf "$folder" && python3 -m venv "$folder"; }
    printf '%s\n' "$wanted" >"$folder/wanted.txt"
    again "$folder/bin/python" -m pip install --quiet --disable-pip-version-check -r "$folder/wanted.txt"
    mv "$folder/wanted.txt" "$folder/installed.txt"
}

# Node from 20 on, which what drives the browser asks for; Debian 12 has an older one, with which npm brings a newer one.
node_fits() { any_command node && node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)'; }

bring_node() {
    local folder="$PWD/target/tools/node" machine
    any_command npm || install_package npm
    if ! node_fits; then
        any_command node || install_package nodejs
        export PATH="$folder/node_modules/.bin:$PATH"
        hash -r
        if ! node_fits; then
            case "$(uname -m)" in aarch64) machine=arm64 ;; *) machine=x64 ;; esac
            say "bringing a newer Node"
            again npm install --silent --no-progress --no-save --prefix "$folder" "node-linux-$machine@22.23.3"
            mkdir -p "$folder/node_modules/.bin"
            ln -sf "../node-linux-$machine/bin/node" "$folder/node_modules/.bin/node"
            hash -r
        fi
        node_fits || { say "Node 20 or newer is needed and could not be brought"; exit 3; }
    fi
}

# Node, a Chromium, and what the browser tests import.
bring_browser() {
    if [ -z "${IKD_TEST_CHROMIUM:-}" ] && ! any_command chromium chromium-browser google-chrome google-chrome-stable; then
        install_package chromium
    fi
    bring_node
    local folder="$PWD/tests/browser"
    if ! cmp -s "$folder/package-lock.json" "$folder/node_modules/.installed"; then
        say "installing what the browser tests need"
        (cd "$folder" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 again npm ci --silent --no-progress)
        cp "$folder/package-lock.json" "$folder/node_modules/.installed"
    fi
}
