#!/usr/bin/env bash
# Looks that a document names every field of the messages that people write: in
# the tables whose heads name the message, or, for a message without a table,
# anywhere as code. A message in another is OUTER.INNER.
# Usage: document_fields_test.sh PROJECT_DIR DOCUMENT PROTO [EXCEPT_MESSAGE...]
set -euo pipefail
cd "$1"
document=$2
proto=$3
shift 3

# "MESSAGE FIELD" for every field of the file.
fields() {
  awk '
    { sub(/\/\/.*/, "") }
    /^ *message [A-Za-z]+ \{\}/ { next }
    /^ *(message|enum|oneof) / {
      kind[++depth] = $1
      path[depth] = path[depth - 1]
      if ($1 == "message") path[depth] = path[depth] (path[depth] ? "." : "") $2
      next
    }
    depth && /^ *\}/ { --depth; next }
    depth && kind[depth] != "enum" && match($0, /[a-z_0-9]+ = [0-9]+;/) {
      split(substr($0, RSTART), words, " ")
      print path[depth], words[1]
    }' "$proto"
}

# The code of the table of a message, or of the whole document when there is
# none.
code_about() {
  awk -v message="\`$1\`" '
    { whole = whole $0 "\n" }
    /^\| ---/ && index(before, message) {
      inside = 1
      table = table before "\n"
    }
    !/^\|/ { inside = 0 }
    inside { table = table $0 "\n" }
    { before = $0 }
    END { printf "%s", table ? table : whole }' "$document" |
    { grep -oE '`[^`]+`' || true; }
}

missing=0
checked=0
while read -r message field; do
  for except in "$@"; do
    [ "$message" != "$except" ] || continue 2
  done
  checked=$((checked + 1))
  code_about "$message" | grep -wF -e "$field" >/dev/null || {
    echo "$document does not say what $message.$field of $proto means" >&2
    missing=1
  }
done < <(fields)
[ "$checked" -gt 0 ] || { echo "$proto has no fields" >&2; exit 1; }
echo "$checked fields of $proto looked for in $document"
exit "$missing"
