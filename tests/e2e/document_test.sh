#!/usr/bin/env bash
# Does what a document shows, against a server of its own: a block that stands
# under a line `NAME`: is written to that file, and the commands of a console
# block are run, one after the other. What they print, standard output and error
# together, must be what the document shows; a line of "..." stands for lines
# left out.
# Usage: document_test.sh PROJECT_DIR DOCUMENT
set -euo pipefail
project=$1
document=$2
bin=${CHIPLEDGER_BIN:-$project/build/release/bin}
work=$(mktemp -d)
server=
cleanup() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  [ -z "$server" ] || wait "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

"$bin/chipledgerd" --data "$work/data" --create --listen 127.0.0.1:0 \
  >"$work/server.log" 2>&1 &
server=$!
address=
for _ in $(seq 300); do
  address=$(grep -oE '127\.0\.0\.1:[1-9][0-9]*' "$work/server.log" | head -n 1) ||
    true
  [ -z "$address" ] || break
  kill -0 "$server" || { cat "$work/server.log" >&2; exit 1; }
  sleep 0.1
done
[ -n "$address" ] || { echo "chipledgerd does not start" >&2; exit 1; }

export CHIPLEDGER_SERVER=$address PATH="$bin:$PATH" TZ=UTC COLUMNS=80
mkdir "$work/files"
cp -r "$project/ledger/policies" "$work/files/"
cd "$work/files"

# Whether the lines of a file are those shown in another, where "..." stands for
# any number of them.
matches() {
  awk -v shown_file="$2" '
    BEGIN { while ((getline line < shown_file) > 0) shown[++n] = line }
    { printed[NR] = $0 }
    function match_from(i, j,   k) {
      if (i > n) return j > NR
      if (shown[i] == "...") {
        for (k = j; k <= NR + 1; ++k) if (match_from(i + 1, k)) return 1
        return 0
      }
      return j <= NR && printed[j] == shown[i] && match_from(i + 1, j + 1)
    }
    END { exit !match_from(1, 1) }' "$1"
}

failed=0
commands=0
check() {
  [ -n "$command" ] || return 0
  commands=$((commands + 1))
  bash -c "$command" >"$work/printed" 2>&1 </dev/null || true
  if ! matches "$work/printed" "$work/shown"; then
    failed=1
    {
      echo "$document: $command"
      diff "$work/shown" "$work/printed" || true
    } >&2
  fi
  command=
}

command=
name=
block=
while IFS= read -r line; do
  case $block in
    '')
      case $line in
        '```console') block=console ;;
        '```'*)
          block=${name:+file}
          block=${block:-other}
          [ "$block" != file ] || : >"$name"
          ;;
        '`'*'`:') name=${line#\`}; name=${name%\`:} ;;
        ?*) name= ;;
      esac
      ;;
    *)
      if [ "$line" = '```' ]; then
        check
        block=
        name=
        continue
      fi
      case $block in
        file) printf '%s\n' "$line" >>"$name" ;;
        console)
          case $line in
            '$ '*) check; command=${line#\$ }; : >"$work/shown" ;;
            *) printf '%s\n' "$line" >>"$work/shown" ;;
          esac
          ;;
      esac
      ;;
  esac
done <"$project/$document"
[ "$commands" -gt 0 ] || { echo "$document shows no command" >&2; exit 1; }
echo "$commands commands of $document run"
exit "$failed"
