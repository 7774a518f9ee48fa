#!/usr/bin/env bash
# Measures the whole service in one run, on SQLite and on PostgreSQL, and writes the tables of docs/performance.md.
# Needs: wrk, PostgreSQL 15 or newer (`apt-get install wrk postgresql`). Arguments go to the measuring program, e.g.
#   benches/load.sh --residents 1000000 --seconds 10 --connections 32
#   benches/load.sh --against main~20 --residents 20000 --connections 32
# With --against a commit, that one's build and this one's are measured in turns, and ratios are printed; no file is written.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
command -v wrk >/dev/null || { echo "benches/load.sh: 'wrk' is missing: install the package wrk of your system" >&2; exit 3; }
target="${CARGO_TARGET_DIR:-$PWD/target}"
build() { CARGO_TARGET_DIR="$target" cargo build --release --locked --bin ikd --example load; }

if [ "${1:-}" = "--against" ]; then
    before="$target/against"
    rm -rf "$before"
    mkdir -p "$before"
    git archive --prefix=tree/ "$2" | tar -x -C "$before"
    (cd "$before/tree" && build)
    cp "$target/release/ikd" "$target/release/examples/load" "$before"
    shift 2
    build
    exec "$target/release/examples/load" compare --before "$before" --program "$target/release/ikd" -- "$@"
fi
build
exec "$target/release/examples/load" run --program "$target/release/ikd" --out docs/performance.md "$@"
