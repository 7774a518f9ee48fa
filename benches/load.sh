#!/usr/bin/env bash
# Measures the whole service in one run, on SQLite and on PostgreSQL, and writes the tables of docs/performance.md.
# Needs: wrk, PostgreSQL 15 or newer (`apt-get install wrk postgresql`). Arguments go to the measuring program, e.g.
#   benches/load.sh --residents 1000000 --seconds 10 --connections 32
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
command -v wrk >/dev/null || { echo "benches/load.sh: 'wrk' is missing: install the package wrk of your system" >&2; exit 3; }
cargo build --release --locked --bin ikd --example load
exec target/release/examples/load run --program target/release/ikd --out docs/performance.md "$@"
