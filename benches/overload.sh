#!/usr/bin/env bash
# Asks for more than the service can do, open-loop: each shared thing at 1, 2, 5 and 10 times its capacity, from many addresses and from one;
# SIGTERM under load. Ends red when something does not hold. Needs PostgreSQL 15 or newer. Arguments go to the measuring program, e.g.
#   benches/overload.sh --engines sqlite --seconds 10 --only verifications
#   benches/overload.sh --write              # into docs/assurance.md, if all of it holds
#   benches/overload.sh --soak 10 --write    # ten hours at half of the capacity, with bursts, for each engine
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target="${CARGO_TARGET_DIR:-$PWD/target}"
ulimit -n "$(ulimit -Hn)"
CARGO_TARGET_DIR="$target" cargo build --release --locked --bin ikd --example load
exec "$target/release/examples/load" overload --program "$target/release/ikd" "$@"
