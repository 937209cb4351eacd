#!/usr/bin/env bash
# Goal: the house-rule checks fail on what they are for. Method: a made-up tree
# with one wrong file at a time. Usage: checks_test.sh TOOLS_DIR
set -euo pipefail
tools=$(cd "$1" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir -p ledger/base ledger/domain ledger/store server client tests
failed=0

# includes PATH LINE WANTED: a file with this line must pass or fail.
includes() {
  printf '%s\n' "$2" >"$1"
  local got=passes
  "$tools/check_includes" "$1" >/dev/null || got=fails
  rm "$1"
  [ "$got" = "$3" ] && return
  echo "check_includes: $1 with '$2' $got"
  failed=1
}
includes ledger/domain/a.cc '#include "ledger/base/date.h"' passes
includes ledger/domain/a.cc '#include "absl/strings/str_cat.h"' passes
includes ledger/domain/a.cc '#include "ledger/store/keyspace.h"' fails
includes ledger/domain/a.cc '#include "rocksdb/db.h"' fails
includes ledger/domain/a.cc '#include "grpcpp/grpcpp.h"' fails
includes ledger/domain/a.cc '#include <chrono>' fails
includes ledger/domain/a.cc '#include <random>' fails
includes ledger/domain/a.cc '#include <mutex>' fails
includes ledger/domain/a.cc 'double share = 0.5;' fails
includes ledger/base/a.cc '#include "chipledger/v1/event.pb.h"' fails
includes ledger/base/a.cc 'auto now = std::chrono::system_clock::now();' passes
includes ledger/store/a.cc '#include "rocksdb/db.h"' passes
includes ledger/store/a.cc '#include "ledger/domain/state.h"' fails
includes ledger/store/a.cc 'auto now = absl::Now();' fails
includes ledger/a.cc '#include "ledger/store/keyspace.h"' passes
includes ledger/a.cc '#include "rocksdb/db.h"' fails
includes ledger/a.cc '#include "chipledger/v1/audit_service.grpc.pb.h"' fails
includes server/a.cc '#include "grpcpp/grpcpp.h"' passes
includes server/a.cc '#include "ledger/ledger.h"' passes
includes server/a.cc '#include "ledger/domain/decide.h"' fails
includes server/a.cc '#include "ledger/store/keyspace.h"' fails
includes client/a.cc '#include "server/server.h"' fails
includes client/a.cc '#include "ledger/ledger.h"' fails
includes tests/a.cc '#include "rocksdb/db.h"' passes

# comments TEXT WANTED: a .proto file with this text must pass or fail.
comments() {
  printf '%b\n' "$1" >a.proto
  local got=passes
  "$tools/check_proto_comments" a.proto >/dev/null || got=fails
  [ "$got" = "$2" ] && return
  echo "check_proto_comments: '$1' $got"
  failed=1
}
comments '// M.\nmessage M {\n  // A.\n  int32 a = 1;\n}' passes
comments '// M.\nmessage M {\n  int32 a = 1;\n}' fails
comments '// M.\nmessage M {\n  // A.\n  int32 a = 1;\n  int32 b = 2;\n}' fails
comments 'message M {}' fails
comments '// E.\nenum E {\n  E_UNSPECIFIED = 0;\n}' fails
comments '// S.\nservice S {\n  // R.\n  rpc R(A)\n      returns (B);\n}' passes
comments '// S.\nservice S {\n  rpc R(A) returns (B);\n}' fails

exit "$failed"
