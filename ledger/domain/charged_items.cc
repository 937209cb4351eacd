#include "ledger/domain/charged_items.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/evaluation.h"
#include "ledger/domain/shipment_state.h"

namespace chipledger::domain {
namespace {

// `stated` is a shipment's item or a license's line.
template <typename Stated>
ChargedItem ChargedItemOf(int32_t number, const Stated& stated,
                          const v1::ItemFigures& figures) {
  ChargedItem item{.number = number,
                   .measured = {.units = stated.quantity(),
                                .gpus_per_unit = figures.gpus_per_unit()}};
  if (stated.has_value_usd()) item.measured.value_usd = stated.value_usd();
  if (figures.has_milli_tpp_per_gpu()) {
    item.measured.milli_tpp_per_gpu = figures.milli_tpp_per_gpu();
  }
  return item;
}

absl::Status CheckFigures(int items, const v1::Evidence& evidence,
                          uint64_t index) {
  return items == evidence.figures_size()
             ? absl::OkStatus()
             : DataDamaged(index, absl::StrCat("has figures of ",
                                               evidence.figures_size(),
                                               " of its ", items, " items"));
}

}  // namespace

absl::StatusOr<std::vector<ChargedItem>> ChargedItemsOf(
    const v1::Shipment& shipment, const v1::Evidence& evidence,
    uint64_t index) {
  RETURN_IF_ERROR(CheckFigures(shipment.items_size(), evidence, index));
  std::vector<ChargedItem> items;
  for (int i = 0; i < shipment.items_size(); ++i) {
    items.push_back(ChargedItemOf(i, shipment.items(i), evidence.figures(i)));
  }
  for (const v1::LicenseDraw& draw : evidence.draws()) {
    const auto item = static_cast<size_t>(draw.item());
    if (item >= items.size()) {
      return DataDamaged(index, absl::StrCat("draws for item ", draw.item(),
                                             ", which it does not have"));
    }
    items[item].lines.push_back(LinePartOf(draw));
  }
  return items;
}

absl::StatusOr<std::vector<ChargedItem>> ChargedItemsOf(
    const v1::License& license, const v1::Evidence& evidence, uint64_t index) {
  RETURN_IF_ERROR(CheckFigures(license.lines_size(), evidence, index));
  std::vector<ChargedItem> items;
  for (int i = 0; i < license.lines_size(); ++i) {
    items.push_back(ChargedItemOf(license.lines(i).line_number(),
                                  license.lines(i), evidence.figures(i)));
  }
  return items;
}

absl::StatusOr<std::vector<ChargedItem>> ChargedItemsOf(
    const v1::DiversionReported& diversion, const v1::Shipment& shipment,
    const v1::Evidence& evidence, uint64_t index) {
  const ItemUnitsList moved = UnitsMoved(diversion);
  RETURN_IF_ERROR(CheckFigures(moved.size(), evidence, index));
  std::vector<ChargedItem> items;
  for (int i = 0; i < moved.size(); ++i) {
    const v1::ItemUnits& units = moved[i];
    if (units.item() >= shipment.items_size()) {
      return DataDamaged(index, absl::StrCat("diverts item ", units.item(),
                                             ", which there is not"));
    }
    const v1::Item& item = shipment.items(units.item());
    ChargedItem& charged = items.emplace_back(
        ChargedItemOf(units.item(), item, evidence.figures(i)));
    charged.measured.units = units.quantity();
    if (charged.measured.value_usd) {
      charged.measured.value_usd = PartOfValue(
          *charged.measured.value_usd, item.quantity(), 0, units.quantity());
    }
  }
  return items;
}

std::vector<ChargedItem> ChargedItemsOf(absl::Span<const Fact> facts) {
  std::vector<ChargedItem> items;
  for (const Fact& fact : facts) {
    for (const CountedItem& item : fact.items) {
      if (item.product == nullptr) continue;
      items.push_back({.number = item.number,
                       .measured = item.ToMeasure(),
                       .lines = item.lines});
    }
  }
  return items;
}

namespace {

// What a total counts of an item, and which of its units: all, unset, or those
// on the line of the total. Nothing when it counts none.
struct Counted {
  MeasuredItem measured;
  std::optional<int64_t> first_unit;
};
std::optional<Counted> CountedPart(const CompiledRule& rule,
                                   const v1::GroupKey& group,
                                   const ChargedItem& item) {
  if (item.lines.size() <= 1 ||
      !rule.GroupsBy(v1::Scope::GROUP_BY_LICENSE_LINE)) {
    return Counted{.measured = item.measured, .first_unit = std::nullopt};
  }
  int64_t first = 0;
  for (const LinePart& part : item.lines) {
    if (part.line_number == group.license_line()) {
      Counted counted{.measured = item.measured, .first_unit = first};
      counted.measured.units = part.units;
      if (item.measured.value_usd) {
        counted.measured.value_usd = PartOfValue(
            *item.measured.value_usd, item.measured.units, first, part.units);
      }
      return counted;
    }
    first += part.units;
  }
  return std::nullopt;
}

}  // namespace

absl::Status AppendCharges(const Catalog& catalog, const v1::Evidence& evidence,
                           absl::Span<const ChargedItem> items, uint64_t index,
                           std::vector<Charge>& charges) {
  absl::Status status;
  VisitEvaluations(evidence.totals(), [&](const Evaluation& evaluation) {
    if (evaluation.items == nullptr) return true;
    const CompiledRule* rule =
        catalog.FindRule(evaluation.policy_index, evaluation.rule);
    if (rule == nullptr) {
      status =
          DataDamaged(index, absl::StrCat("counts by rule ", evaluation.rule,
                                          " of the policy that entry ",
                                          evaluation.policy_index,
                                          " adopted, and there is none"));
      return false;
    }
    const auto& numbers = evaluation.items->numbers();
    for (const ChargedItem& item : items) {
      if (!numbers.empty() && std::find(numbers.begin(), numbers.end(),
                                        item.number) == numbers.end()) {
        continue;
      }
      const std::optional<Counted> counted =
          CountedPart(*rule, *evaluation.group, item);
      if (!counted) continue;
      const std::optional<Measured> measured =
          Measure(rule->measure, counted->measured);
      if (!measured) {
        status = DataDamaged(index, "counts more than can be");
        return false;
      }
      if (measured->amount == 0 && measured->unmeasured_gpus == 0) continue;
      charges.push_back({.policy_index = evaluation.policy_index,
                         .rule = evaluation.rule,
                         .group = *evaluation.group,
                         .window_start = evaluation.window_start,
                         .item = item.number,
                         .amount = measured->amount,
                         .unmeasured_gpus = measured->unmeasured_gpus,
                         .units = counted->measured.units,
                         .first_unit = counted->first_unit,
                         .accrual = rule->accrual,
                         .release_on_revocation = rule->release_on_revocation,
                         .release_on_expiry = rule->release_on_expiry});
    }
    return true;
  });
  return status;
}

}  // namespace chipledger::domain
