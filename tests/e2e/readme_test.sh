#!/usr/bin/env bash
# Runs the demo, which must succeed, and looks for every line of the README's
# console blocks in what it printed: the tour shows what is really printed. A
# line of "..." stands for lines left out.
# Usage: readme_test.sh PROJECT_DIR
set -euo pipefail
cd "$1"
output=$(mktemp)
trap 'rm -f "$output"' EXIT
./tools/demo --exit >"$output"
missing=0
lines=0
while IFS= read -r line; do
  lines=$((lines + 1))
  grep -qxF -e "$line" "$output" || {
    echo "README.md shows what the demo does not print: $line" >&2
    missing=1
  }
done < <(awk '/^```console$/ {inside = 1; next} /^```$/ {inside = 0}
              inside && $0 != "..."' README.md)
[ "$lines" -gt 0 ] || { echo "README.md has no console blocks" >&2; exit 1; }
echo "$lines lines of the README compared"
exit "$missing"
