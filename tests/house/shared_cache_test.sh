#!/usr/bin/env bash
# Goal: a second clone, in another folder, compiles from the first one's cache.
# Method: copies of the tree with a cache of their own; a library with generated
# code below it is built in each. Usage: shared_cache_test.sh PROJECT_DIR
set -euo pipefail
project=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export CCACHE_DIR=$dir/cache
unset CCACHE_DISABLE CCACHE_BASEDIR CCACHE_CONFIGPATH

build_clone() {
  mkdir "$dir/$1"
  (cd "$project" && cp -r CMakeLists.txt CMakePresets.json proto ledger server \
    client tests tools "$dir/$1")
  (cd "$dir/$1" && cmake --preset release && cmake --build --preset release \
    --target chipledger_base chipledger_proto) >"$dir/$1.log" 2>&1 || {
    tail -n 20 "$dir/$1.log" >&2
    exit 1
  }
}
statistic() { ccache --print-stats | awk -v name="$1" '$1 == name {print $2}'; }
hits() { echo $(($(statistic direct_cache_hit) + $(statistic preprocessed_cache_hit))); }

build_clone first
compiled=$(statistic cache_miss)
before=$(hits)
build_clone second
found=$(($(hits) - before))
echo "$compiled files compiled in the first clone, $found found by the second"
[ "$compiled" -gt 10 ] && [ $((found * 100)) -gt $((compiled * 95)) ]
