// chipledger shipment trace: where the units of a shipment are, through every
// shipment that took some of them on.
#include <algorithm>
#include <deque>
#include <iostream>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/shipment_life.h"
#include "client/cli/table.h"
#include "google/protobuf/struct.pb.h"
#include "ledger/base/status_macros.h"

namespace chipledger::cli {
namespace {

// The shipment that is traced, or one that took on units of such a one.
struct Traced {
  v1::ShipmentView view;
  ShipmentLife life;
  // How many shipments the units had been in before.
  int depth = 0;
  // For each happening, the shipment that took units on by it; null: none did.
  std::vector<Traced*> sent_on;
};

absl::StatusOr<v1::Entry> ReadEntry(Cli& cli, uint64_t index) {
  v1::ReadEntriesRequest request;
  request.set_start_index(index);
  request.set_end_index(index + 1);
  v1::Entry entry;
  bool is_read = false;
  RETURN_IF_ERROR(cli.client().ReadEntries(
      request,
      [&](const v1::ReadEntriesResponse& response) {
        for (const std::string& stored : response.entries()) {
          is_read = entry.ParseFromString(stored) && entry.index() == index;
        }
        return true;
      },
      {.deadline = cli.client().options().deadline}));
  if (is_read) return entry;
  return absl::DataLossError(
      absl::StrCat("entry ", index, " is not what was asked for"));
}

// Trace follows the units of a shipment, at one moment.
//
// Thread-safety: single-threaded.
class Trace {
 public:
  explicit Trace(Cli& cli) : cli_(cli) {}

  // Follows the units of this shipment.
  absl::Status Follow(const v1::ShipmentName& name,
                      const v1::ReadPoint& read_point) {
    read_point_ = read_point;
    RETURN_IF_ERROR(Read(name, traced_.emplace_back()));
    // Not recursive: a chain may be as long as the log. It ends, because each
    // shipment is of an entry after that of the one before.
    for (size_t i = 0; i < traced_.size(); ++i) {
      RETURN_IF_ERROR(FollowOn(traced_[i]));
    }
    return absl::OkStatus();
  }

  const Traced& origin() const { return traced_.front(); }
  uint64_t size() const { return read_point_.at_size(); }

  // Visits each happening of each shipment: what became of units that were sent
  // on comes right after the happening that sent them on.
  template <typename Visit>
  void ForEachHappening(const Visit& visit) const {
    struct Place {
      const Traced* traced;
      size_t next;
    };
    std::vector<Place> path = {{&origin(), 0}};
    while (!path.empty()) {
      const Traced& traced = *path.back().traced;
      const size_t next = path.back().next++;
      if (next == traced.life.happenings.size()) {
        path.pop_back();
        continue;
      }
      const ShipmentLife::Happening& happening = traced.life.happenings[next];
      // The first of a shipment that took units on was told by the one before.
      if (path.size() == 1 || happening.index != traced.view.index()) {
        visit(traced, happening);
      }
      if (traced.sent_on[next] != nullptr) {
        path.push_back({traced.sent_on[next], 0});
      }
    }
  }

  // Those before come first.
  const std::deque<Traced>& shipments() const { return traced_; }

 private:
  // Reads a shipment and its entries, all at the size of the first read.
  absl::Status Read(const v1::ShipmentName& name, Traced& traced) {
    v1::GetShipmentRequest request;
    request.set_exporter(name.exporter());
    request.set_shipment_reference(name.shipment_reference());
    *request.mutable_read_point() = read_point_;
    ASSIGN_OR_RETURN(v1::GetShipmentResponse response,
                     cli_.client().GetShipment(request));
    read_point_.clear_min_size();
    read_point_.clear_at_record_time();
    read_point_.set_at_size(response.size());
    traced.view = std::move(*response.mutable_shipment());
    std::vector<v1::Entry> entries;
    for (const uint64_t index : traced.view.entry_indexes()) {
      ASSIGN_OR_RETURN(v1::Entry entry, ReadEntry(cli_, index));
      entries.push_back(std::move(entry));
    }
    ASSIGN_OR_RETURN(traced.life, LifeOf(entries));
    traced.sent_on.resize(traced.life.happenings.size());
    return absl::OkStatus();
  }

  absl::Status FollowOn(Traced& traced) {
    for (size_t i = 0; i < traced.life.happenings.size(); ++i) {
      const ShipmentLife::Happening& happening = traced.life.happenings[i];
      if (!happening.sent_on_as) continue;
      Traced& next = traced_.emplace_back();
      next.depth = traced.depth + 1;
      RETURN_IF_ERROR(Read(*happening.sent_on_as, next));
      if (next.view.index() != happening.index ||
          next.view.index() <= traced.view.index()) {
        return absl::DataLossError(
            absl::StrCat("entry ", happening.index, " sends units on as ",
                         ShipmentNameText(*happening.sent_on_as),
                         ", which begins with ", "entry ", next.view.index()));
      }
      traced.sent_on[i] = &next;
    }
    return absl::OkStatus();
  }

  Cli& cli_;
  v1::ReadPoint read_point_;
  // A deque, whose elements stay where they are.
  std::deque<Traced> traced_;
};

// Where units of a shipment are that did not send them on.
struct Position {
  const Traced* traced;
  const v1::UnitPosition* at;
};

// "in transit".
std::string StateText(const v1::UnitPosition& position) {
  return absl::StrReplaceAll(FormatEnum(position.state(), "UNIT_STATE_"),
                             {{"-", " "}});
}

// "40 x H100, 2 x RACK"; "nothing".
std::string TotalsText(const std::map<std::string, int64_t>& totals) {
  if (totals.empty()) return "nothing";
  return absl::StrJoin(totals, ", ", [](std::string* out, const auto& total) {
    absl::StrAppend(out, FormatCount(total.second), " x ", total.first);
  });
}

// Finds where all units are that a shipment shipped, with what their sum is.
// Errors: INTERNAL when they are not as many as were shipped.
absl::StatusOr<std::string> FindPositions(const Trace& trace,
                                          std::vector<Position>& positions) {
  for (const Traced& traced : trace.shipments()) {
    for (const v1::UnitPosition& position : traced.view.positions()) {
      if (position.state() == v1::UNIT_STATE_SENT_ON) continue;
      positions.push_back({&traced, &position});
    }
  }
  std::map<std::string, int64_t> shipped;
  for (const v1::ItemBalance& balance : trace.origin().view.balances()) {
    shipped[balance.product_code()] += balance.shipped();
  }
  const std::string shipped_text = TotalsText(shipped);
  std::map<std::string, int64_t> beyond;
  for (const Traced& traced : trace.shipments()) {
    for (const auto& [product, units] : traced.life.sent_on_beyond) {
      beyond[product] += units;
      shipped[product] += units;
    }
  }
  std::map<std::string, int64_t> found;
  for (const Position& position : positions) {
    found[position.at->product_code()] += position.at->units();
  }
  if (found == shipped) {
    return beyond.empty()
               ? absl::StrCat(shipped_text, ", as many as were shipped")
               : absl::StrCat(TotalsText(found), ": ", shipped_text,
                              " that were shipped, and ", TotalsText(beyond),
                              " that were sent on without being there");
  }
  return absl::InternalError(absl::StrCat(
      "the units of ", ShipmentNameText(trace.origin().view.shipment()),
      " do not add up: it shipped ", TotalsText(shipped), ", and found are ",
      TotalsText(found),
      "; tell the operator, and derive every total again with: chipledger "
      "audit replay"));
}

void PrintPositionsAsJson(const std::vector<Position>& positions) {
  for (const Position& position : positions) {
    const v1::Shipment& shipment = position.traced->view.shipment();
    google::protobuf::Struct json;
    auto& fields = *json.mutable_fields();
    fields["exporter"].set_string_value(shipment.exporter());
    fields["shipmentReference"].set_string_value(shipment.shipment_reference());
    fields["depth"].set_number_value(position.traced->depth);
    fields["item"].set_number_value(position.at->item());
    fields["productCode"].set_string_value(position.at->product_code());
    fields["units"].set_number_value(static_cast<double>(position.at->units()));
    fields["state"].set_string_value(StateText(*position.at));
    fields["country"].set_string_value(position.at->country());
    fields["holder"].set_string_value(position.at->holder());
    PrintJson(json);
  }
}

// The name of a shipment, further to the right the more were before it.
std::string IndentedName(const Traced& traced) {
  // What is deeper would leave no room for what happened.
  constexpr int kMaxIndent = 20;
  return absl::StrCat(
      std::string(static_cast<size_t>(std::min(2 * traced.depth, kMaxIndent)),
                  ' '),
      ShipmentNameText(traced.view.shipment()));
}

void PrintLife(const Trace& trace) {
  Table table({"DATE", "ENTRY>", "SHIPMENT", "WHAT"});
  trace.ForEachHappening(
      [&](const Traced& traced, const ShipmentLife::Happening& happening) {
        table.AddRow({happening.date, absl::StrCat(happening.index),
                      IndentedName(traced), happening.what});
      });
  std::cout << table.ToString();
}

void PrintPositions(const std::vector<Position>& positions) {
  if (positions.empty()) return;
  Table table(
      {"SHIPMENT", "ITEM>", "PRODUCT", "UNITS>", "STATE", "COUNTRY", "HOLDER"});
  for (const Position& position : positions) {
    table.AddRow({ShipmentNameText(position.traced->view.shipment()),
                  absl::StrCat(position.at->item()),
                  position.at->product_code(),
                  FormatCount(position.at->units()), StateText(*position.at),
                  position.at->country().empty() ? "exporting country"
                                                 : position.at->country(),
                  position.at->holder().empty() ? "-" : position.at->holder()});
  }
  std::cout << "\n" << table.ToString();
}

struct TraceOptions {
  v1::ShipmentName shipment;
  v1::ReadPoint read_point;
};

int PrintTrace(Cli& cli, const TraceOptions& options) {
  Trace trace(cli);
  const absl::Status status =
      trace.Follow(options.shipment, options.read_point);
  if (!status.ok()) return Fail(cli, status);
  std::vector<Position> positions;
  const auto total = FindPositions(trace, positions);
  if (!total.ok()) return Fail(cli, total.status());
  if (cli.json) {
    PrintPositionsAsJson(positions);
    return kDone;
  }
  PrintLife(trace);
  PrintPositions(positions);
  if (trace.origin().view.status() == v1::SHIPMENT_STATUS_VOIDED) {
    std::cout << "It is voided: its units never were.\n";
  } else {
    std::cout << "In all " << *total << ".\n";
  }
  std::cout << FormatSize(trace.size(), options.read_point);
  return kDone;
}

}  // namespace

void AddTraceCommand(CLI::App& shipment, Cli& cli) {
  AddCommand<TraceOptions>(
      shipment, cli, "trace",
      "follow its units through every shipment that took them on, to where "
      "they are",
      [](CLI::App& sub, TraceOptions& options) {
        AddText(sub, "--exporter", "party id of who exported",
                [&](const std::string& text) {
                  options.shipment.set_exporter(text);
                })
            ->required();
        AddText(sub, "--reference", "the exporter's own number",
                [&](const std::string& text) {
                  options.shipment.set_shipment_reference(text);
                })
            ->required();
        AddReadOptions(sub, options.read_point);
      },
      PrintTrace);
}

}  // namespace chipledger::cli
