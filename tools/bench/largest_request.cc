#include "tools/bench/largest_request.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/span.h"
#include "chipledger/v1/command.pb.h"
#include "google/protobuf/arena.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/decide.h"
#include "ledger/scenario/memory_ledger.h"
#include "tools/bench/stats.h"

// jemalloc's, where the program is linked with it.
extern "C" int mallctl(const char* name, void* old_value, size_t* old_size,
                       void* new_value, size_t new_size) __attribute__((weak));

namespace chipledger::bench {
namespace {

constexpr int kRounds = 50;
// Looking for a line among a hundred costs something; copying them for each
// draw would cost a hundred times as much.
constexpr double kTarget = 0.4;

// Bytes that this thread has allocated so far; 0 when nobody counts.
uint64_t AllocatedBytes() {
  uint64_t bytes = 0;
  size_t size = sizeof(bytes);
  if (mallctl == nullptr ||
      mallctl("thread.allocated", &bytes, &size, nullptr, 0) != 0) {
    return 0;
  }
  return bytes;
}

std::string ProductOf(int line) { return absl::StrCat("P", line); }

absl::Status Record(scenarios::MemoryLedger& ledger,
                    const v1::Command& command) {
  return ledger.Submit({command}).status;
}

// Registers what a license of so many lines needs, and grants it.
absl::Status RecordLicense(int lines, scenarios::MemoryLedger& ledger) {
  v1::Command party;
  party.mutable_register_party()->mutable_party()->set_party_id("x");
  party.mutable_register_party()->mutable_party()->set_name("X");
  RETURN_IF_ERROR(Record(ledger, party));
  v1::Command grant;
  v1::License& license = *grant.mutable_grant_license()->mutable_license();
  license.set_license_id("L");
  license.set_authorization_kind(v1::AUTHORIZATION_KIND_LICENSE);
  license.set_exporter("x");
  license.add_destination_countries("MY");
  license.set_grant_date("2025-01-01");
  license.set_expiry_date("2027-01-01");
  for (int number = 1; number <= lines; ++number) {
    v1::Command product;
    v1::Product& registered =
        *product.mutable_register_product()->mutable_product();
    registered.set_product_code(ProductOf(number));
    registered.set_gpus_per_unit(1);
    registered.set_milli_tpp_per_gpu(1'000);
    registered.set_source("s");
    RETURN_IF_ERROR(Record(ledger, product));
    v1::LicenseLine& line = *license.add_lines();
    line.set_line_number(number);
    line.set_product_code(ProductOf(number));
    line.set_quantity(1'000'000);
  }
  return Record(ledger, grant);
}

// As many shipments as one request may hold, each with as many items as there
// is room for, over all lines by turns.
std::vector<v1::Command> LargestRequest(int lines) {
  constexpr size_t kBytesEach =
      limits::kMaxRequestBytes / limits::kMaxCommandsPerRequest;
  std::vector<v1::Command> commands(limits::kMaxCommandsPerRequest);
  int line = 0;
  for (size_t number = 0; number < commands.size(); ++number) {
    v1::RecordShipment& record = *commands[number].mutable_record_shipment();
    record.set_assurance(v1::ASSURANCE_BEFORE_EXPORT);
    v1::Shipment& shipment = *record.mutable_shipment();
    shipment.set_exporter("x");
    shipment.set_shipment_reference(absl::StrCat("S", number));
    shipment.set_export_date("2025-06-01");
    shipment.set_destination_country("MY");
    shipment.mutable_authorization()->set_kind(v1::AUTHORIZATION_KIND_LICENSE);
    shipment.mutable_authorization()->set_license_id("L");
    while (true) {
      v1::Item& item = *shipment.add_items();
      item.set_product_code(ProductOf(1 + line % lines));
      item.set_quantity(1);
      if (commands[number].ByteSizeLong() > kBytesEach) break;
      ++line;
    }
    shipment.mutable_items()->RemoveLast();
  }
  return commands;
}

struct Cost {
  size_t commands = 0;
  size_t draws = 0;
  // Draws a second.
  double rate = 0;
  double allocated_a_draw = 0;
};

absl::StatusOr<Cost> MeasureLines(int lines) {
  scenarios::MemoryLedger ledger(*Date::Parse("2026-01-01"));
  RETURN_IF_ERROR(RecordLicense(lines, ledger));
  domain::State state;
  while (state.size() < ledger.state().size()) {
    ASSIGN_OR_RETURN(const auto event, ledger.ReadEvent(state.size()));
    RETURN_IF_ERROR(state.Fold(*event));
  }
  const std::vector<v1::Command> commands = LargestRequest(lines);
  const int64_t now_ns =
      int64_t{Date::Parse("2026-01-01")->days()} * 86'400 * 1'000'000'000;
  Cost cost{.commands = commands.size()};
  for (const v1::Command& command : commands) {
    cost.draws += command.record_shipment().shipment().items_size();
  }
  const uint64_t allocated_before = AllocatedBytes();
  const Stopwatch watch;
  for (int round = 0; round < kRounds; ++round) {
    google::protobuf::Arena arena;
    std::vector<v1::Command*> on_arena;
    for (const v1::Command& command : commands) {
      on_arena.push_back(
          google::protobuf::Arena::CreateMessage<v1::Command>(&arena));
      *on_arena.back() = command;
    }
    // Decided, folded and taken back: the most that a request can cost.
    RETURN_IF_ERROR(domain::DecideRequest(state, ledger, on_arena, now_ns,
                                          domain::AskedBy::kAnyone, &arena,
                                          domain::Effect::kValidateOnly)
                        .status());
  }
  const double decided = static_cast<double>(kRounds) * cost.draws;
  cost.rate = decided / watch.Seconds();
  cost.allocated_a_draw =
      static_cast<double>(AllocatedBytes() - allocated_before) / decided;
  return cost;
}

std::string NoteOf(const Cost& cost) {
  return absl::StrFormat(
      "%d commands of %d draws in one request of 48 KiB; %.1f ms and %.0f KiB "
      "allocated for all",
      cost.commands, cost.draws, cost.draws / cost.rate * 1e3,
      cost.allocated_a_draw * cost.draws / 1024);
}

}  // namespace

absl::Status MeasureLargestRequest(Report& report) {
  constexpr int kLines = static_cast<int>(limits::kMaxLinesPerLicense);
  ASSIGN_OR_RETURN(const Cost one, MeasureLines(1));
  ASSIGN_OR_RETURN(const Cost many, MeasureLines(kLines));
  report.rows.push_back(
      {.name = absl::StrCat("largest request, license of ", kLines, " lines"),
       .rate = many.rate,
       .unit = "draw",
       .ratio = many.rate / one.rate,
       .baseline = "license of one line",
       .target = kTarget,
       .note = NoteOf(many)});
  report.rows.push_back({.name = "  license of one line",
                         .rate = one.rate,
                         .unit = "draw",
                         .note = NoteOf(one)});
  return absl::OkStatus();
}

}  // namespace chipledger::bench
