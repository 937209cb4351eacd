#include "tests/domain/restarts.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "chipledger/v1/event.pb.h"
#include "gtest/gtest.h"
#include "ledger/store/keyspace.h"

namespace chipledger::testing {
namespace {

using domain::Amounts;
using domain::DrawnUnits;
using domain::State;

std::string TextOf(const Amounts& amounts) {
  return absl::StrCat(amounts.used, "+", amounts.reserved, "/",
                      amounts.unmeasured_gpus);
}

std::string TextOf(const DrawnUnits& drawn) {
  return absl::StrCat(drawn.shipped, "+", drawn.reserved, " $",
                      drawn.value_usd);
}

template <typename Sum>
std::string TextOf(const domain::DatedSums<Sum>& sums) {
  std::string text;
  sums.VisitAll([&](Date date, const Sum& sum) {
    absl::StrAppend(&text, " ", date.ToString(), ":", TextOf(sum));
    return true;
  });
  return text;
}

std::string TextOf(const domain::LicenseState& license) {
  std::string text = absl::StrCat(
      license.ToRow().ShortDebugString(), " kind ", license.kind(), " grant ",
      license.grant_date.ToString(), " expiry ", license.expiry_date.ToString(),
      " last ", license.last_export_date.ToString(), " entries ", license.index,
      " ", license.charges_index, " revision ", license.revision,
      " application ", license.application_id);
  for (const v1::Condition& condition : license.conditions) {
    absl::StrAppend(&text, " condition ", condition.ShortDebugString());
  }
  for (const auto& change : license.status_changes) {
    absl::StrAppend(&text, " status ", change.status, " from ",
                    change.from.ToString(), " by ", change.index);
  }
  for (const auto& line : license.lines) {
    absl::StrAppend(&text, " line ", line.line_number, " ", line.product_code,
                    " ", line.destination_country, " ", line.authorized, "-",
                    line.revoked, "-", line.released, " $",
                    line.value_authorized_usd.value_or(-1), " ",
                    TextOf(line.drawn), TextOf(line.drawn_by_date));
  }
  for (const domain::Charge& charge : license.charges) {
    absl::StrAppend(&text, " charge ", charge.ToRow().ShortDebugString(), " ",
                    charge.accrual);
  }
  return text;
}

// What is derived from licenses and reservations.
void AppendDerived(const State& state, const domain::Snapshot& snapshot,
                   std::vector<std::string>& lines) {
  for (const auto& [time_ns, index] : state.ReservationsByExpiry()) {
    lines.push_back(absl::StrCat("reservation ", index, " until ", time_ns));
  }
  for (const auto& [date, id] : state.LicensesByExpiry()) {
    lines.push_back(absl::StrCat("license ", id, " until ", date.ToString()));
  }
  snapshot.catalog().parties.VisitAll([&](const std::string& id, const auto&) {
    lines.push_back(absl::StrCat("licenses of ", id, ": ",
                                 absl::StrJoin(state.LicensesOf(id), ",")));
    return true;
  });
  snapshot.licenses.VisitAll([&](const std::string& id, const auto&) {
    lines.push_back(
        absl::StrCat("reservations under ", id, ": ",
                     absl::StrJoin(state.ReservationsUnder(id), ",")));
    return true;
  });
}

void AppendCatalog(const domain::Registers& registers,
                   std::vector<std::string>& lines) {
  const domain::Catalog& catalog = registers.catalog;
  catalog.products.VisitAll([&](const std::string& code, const auto& product) {
    for (const v1::Product& revision : product->revisions()) {
      lines.push_back(
          absl::StrCat("product ", code, " ", revision.ShortDebugString()));
    }
    return true;
  });
  catalog.parties.VisitAll([&](const std::string&, const auto& party) {
    lines.push_back(absl::StrCat("party ", party->ShortDebugString()));
    return true;
  });
  catalog.groups.VisitAll([&](const std::string&, const auto& group) {
    lines.push_back(absl::StrCat("group ", group->proto().ShortDebugString()));
    return true;
  });
  catalog.calendars.VisitAll([&](const std::string&, const auto& calendar) {
    lines.push_back(absl::StrCat("calendar ", calendar->ShortDebugString()));
    return true;
  });
  for (const auto& policy : catalog.policies) {
    lines.push_back(absl::StrCat(
        "policy ", policy->number, " from ", policy->from.ToString(), " to ",
        policy->to.ToString(), " ", policy->adopted.ShortDebugString()));
  }
}

void AppendRegisters(const domain::Registers& registers,
                     std::vector<std::string>& lines) {
  AppendCatalog(registers, lines);
  registers.reservations.VisitAll([&](uint64_t index, const auto& held) {
    lines.push_back(absl::StrCat(
        "held ", index, " ", held->index, " ", held->expire_time_ns, " ",
        held->shipment.ShortDebugString(), " ", held->held.ShortDebugString()));
    return true;
  });
  registers.applications.VisitAll([&](const std::string&, const auto& view) {
    lines.push_back(absl::StrCat("application ", view->ShortDebugString()));
    return true;
  });
  registers.declarations.VisitAll([&](const std::string& party, uint64_t at) {
    lines.push_back(absl::StrCat("declaration of ", party, " ", at));
    return true;
  });
  registers.party_conditions.VisitAll(
      [&](const std::string&, const auto& conditions) {
        lines.push_back(
            absl::StrCat("conditions ", conditions->ShortDebugString()));
        return true;
      });
  registers.fact_dates.VisitAll(
      [&](const std::string& key, const domain::FactsOnDate& facts) {
        lines.push_back(absl::StrCat("fact ", key, " ",
                                     absl::StrJoin(facts.indexes, ","),
                                     facts.has_more ? " and more" : ""));
        return true;
      });
  registers.reports.VisitAll([&](const std::string& key, uint64_t at) {
    lines.push_back(absl::StrCat("report ", key, " ", at));
    return true;
  });
  lines.push_back(
      absl::StrCat("latest fact ", registers.latest_fact_date
                                       ? registers.latest_fact_date->ToString()
                                       : "none"));
}

// A state with what was stored of it.
State Restored(const std::map<std::string, storage::v1::StateRow>& stored,
               const State& state) {
  State restored;
  for (const auto& [key, row] : stored) {
    EXPECT_TRUE(restored.RestoreRow(row).ok());
  }
  storage::v1::Head head;
  head.set_size(state.size());
  head.set_ledger_id(state.ledger_id());
  EXPECT_TRUE(restored.FinishRestore(head).ok());
  return restored;
}

}  // namespace

std::vector<std::string> LinesOf(const State& state) {
  const domain::Snapshot snapshot = state.ToSnapshot();
  std::vector<std::string> lines = {
      absl::StrCat("size ", state.size(), " of ", state.ledger_id())};
  snapshot.totals.VisitAll(
      [&](const domain::TotalKey& key, const domain::Total& total) {
        lines.push_back(absl::StrCat("total ",
                                     absl::BytesToHexString(key.bytes()), " ",
                                     TextOf(total.sum), TextOf(total.by_date)));
        return true;
      });
  snapshot.licenses.VisitAll([&](const std::string&, const auto& license) {
    lines.push_back(absl::StrCat("license ", TextOf(*license)));
    return true;
  });
  snapshot.shipments.VisitAll(
      [&](uint64_t index, const domain::ShipmentState& shipment) {
        lines.push_back(absl::StrCat("shipment ",
                                     shipment.ToRow(index).ShortDebugString()));
        return true;
      });
  AppendRegisters(snapshot.registers, lines);
  AppendDerived(state, snapshot, lines);
  return lines;
}

std::vector<std::string> DifferencesAfterRestarts(
    const std::vector<std::string>& entries,
    absl::FunctionRef<bool()> restarts) {
  State live;
  std::map<std::string, storage::v1::StateRow> stored;
  std::optional<State> restarted;
  std::vector<std::string> differences;
  for (const std::string& bytes : entries) {
    v1::Entry entry;
    EXPECT_TRUE(entry.ParseFromString(bytes));
    EXPECT_TRUE(live.Fold(entry.event()).ok());
    if (restarted) {
      EXPECT_TRUE(restarted->Fold(entry.event()).ok());
    }
    if (restarts()) {
      for (const storage::v1::StateRow& row : live.TakeMark()) {
        stored[store::RowKey(row)] = row;
      }
      restarted = Restored(stored, live);
    }
    if (!restarted) continue;
    const std::vector<std::string> expected = LinesOf(live);
    const std::vector<std::string> found = LinesOf(*restarted);
    for (size_t i = 0; i < std::max(expected.size(), found.size()); ++i) {
      const std::string a = i < expected.size() ? expected[i] : "";
      const std::string b = i < found.size() ? found[i] : "";
      if (a == b) continue;
      differences.push_back(
          absl::StrCat("after entry ", entry.index(), ": ", a, " <> ", b));
      return differences;
    }
  }
  return differences;
}

}  // namespace chipledger::testing
