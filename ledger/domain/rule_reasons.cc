#include "ledger/domain/rule_reasons.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ledger/base/count_of.h"
#include "ledger/base/decimal.h"
#include "ledger/domain/rules/scope.h"

namespace chipledger::domain {
namespace {

constexpr int kMilliTppScale = 3;

RuleReason MakeReason(RuleReason::Kind kind, std::string description) {
  RuleReason reason;
  reason.set_kind(kind);
  reason.set_description(std::move(description));
  return reason;
}

// Words ----------------------------------------------------------------------

// Such as "a, b or c".
template <typename List>
std::string AnyOf(const List& list) {
  std::string text;
  size_t left = list.size();
  for (const auto& name : list) {
    absl::StrAppend(&text, name, left > 2 ? ", " : left == 2 ? " or " : "");
    --left;
  }
  return text;
}

std::string AnyKind(const std::vector<int>& kinds,
                    std::string (*words)(int kind)) {
  std::vector<std::string> names;
  for (const int kind : kinds) names.push_back(words(kind));
  return AnyOf(names);
}

// Such as "NVEU" or "license".
std::string KindWords(int kind) {
  switch (kind) {
    case v1::AUTHORIZATION_KIND_UNSPECIFIED:
      return "not stated";
    case v1::AUTHORIZATION_KIND_LICENSE:
      return "license";
    case v1::AUTHORIZATION_KIND_NONE_REQUIRED:
      return "none required";
    case v1::AUTHORIZATION_KIND_OTHER_EXCEPTION:
      return "another exception";
    default:
      return v1::AuthorizationKind_Name(
                 static_cast<v1::AuthorizationKind>(kind))
          .substr(sizeof("AUTHORIZATION_KIND_") - 1);
  }
}

std::string MovementWords(int movement) {
  switch (movement) {
    case v1::MOVEMENT_REEXPORT:
      return "a re-export";
    case v1::MOVEMENT_IN_COUNTRY_TRANSFER:
      return "a transfer in country";
    default:
      return "an export";
  }
}

std::string OccasionWords(Occasion occasion) {
  switch (occasion) {
    case Occasion::kGrant:
      return "a license that is granted";
    case Occasion::kReservation:
      return "a reservation";
    case Occasion::kInstalled:
      return "a declaration of what is installed";
    case Occasion::kDiversion:
      return "a diversion";
    default:
      return "a shipment";
  }
}

std::string AccrualWords(v1::Accrual accrual) {
  switch (accrual) {
    case v1::ACCRUAL_LICENSED:
      return "licenses when they are granted";
    case v1::ACCRUAL_RECEIVED:
      return "goods when they are received";
    case v1::ACCRUAL_INSTALLED_NET:
      return "what is installed";
    default:
      return "goods when they are exported";
  }
}

std::string TppText(int64_t milli_tpp) {
  return absl::StrCat(FormatDecimalForPeople(milli_tpp, kMilliTppScale),
                      " TPP");
}

// The item's product, or what stands for it.
std::string NameOf(const CountedItem& item) {
  return item.product == nullptr ? std::string("compute without a product")
                                 : item.product->product_code();
}

// Where it is going, such as "HK, treated as CN,".
std::string DestinationText(const RuleLook& look) {
  const absl::string_view treated =
      look.policy.Treated(look.fact.country, look.fact.date);
  return treated == look.fact.country
             ? std::string(treated)
             : absl::StrCat(look.fact.country, ", treated as ", treated, ",");
}

std::string OnDate(const RuleLook& look) {
  return absl::StrCat(" on ", look.fact.date.ToString());
}

// The first group that has the country on the fact's date; empty: none.
absl::string_view GroupWith(const RuleLook& look,
                            const std::vector<std::string>& groups,
                            absl::string_view country) {
  for (const std::string& group : groups) {
    if (IsInAnyGroup(look.catalog, {group},
                     look.policy.Treated(country, look.fact.date),
                     look.fact.date)) {
      return group;
    }
  }
  return "";
}

// Parties --------------------------------------------------------------------

std::string HeadquartersText(const RuleLook& look, absl::string_view party) {
  const absl::string_view country =
      look.catalog.HeadquartersOf(party, look.fact.date);
  return country.empty() ? std::string("its headquarters are not known")
                         : absl::StrCat("headquartered in ", country);
}

// Such as "p-malaysia (headquartered in MY; owned in the end by parent-p,
// headquartered in SG)".
std::string PartyText(const RuleLook& look, absl::string_view party) {
  const absl::string_view parent =
      look.catalog.UltimateParentOf(party, look.fact.date);
  return absl::StrCat(party, " (", HeadquartersText(look, party),
                      parent == party
                          ? std::string()
                          : absl::StrCat("; owned in the end by ", parent, ", ",
                                         HeadquartersText(look, parent)),
                      ")");
}

// Those who receive and use the goods, each once.
std::vector<absl::string_view> ReceiversOf(const Fact& fact) {
  std::vector<absl::string_view> receivers;
  AnyReceiver(fact, [&](absl::string_view party) {
    if (!std::count(receivers.begin(), receivers.end(), party)) {
      receivers.push_back(party);
    }
    return false;
  });
  return receivers;
}

std::string ReceiversText(const RuleLook& look) {
  const auto receivers = ReceiversOf(look.fact);
  if (receivers.empty()) return "nobody registered receives or uses the goods";
  return absl::StrJoin(receivers, " and ",
                       [&](std::string* text, absl::string_view party) {
                         absl::StrAppend(text, PartyText(look, party));
                       });
}

// Who is headquartered in one of the groups, or owned from there.
std::string ExceptedHeadquarters(const RuleLook& look) {
  const auto& groups = look.rule.where.except_headquarters_groups;
  for (const absl::string_view receiver : ReceiversOf(look.fact)) {
    for (const absl::string_view party :
         {receiver, look.catalog.UltimateParentOf(receiver, look.fact.date)}) {
      const absl::string_view country =
          look.catalog.HeadquartersOf(party, look.fact.date);
      const absl::string_view group = GroupWith(look, groups, country);
      if (country.empty() || group.empty()) continue;
      return absl::StrCat(party, " is headquartered in ", country,
                          ", which is in ", group, OnDate(look),
                          ", and the rule leaves those out");
    }
  }
  return "the rule leaves out where the parties are headquartered";
}

// "consignee acme is not x or y", or that there is none.
std::string NotAmong(absl::string_view what,
                     absl::Span<const absl::string_view> parties,
                     const std::vector<std::string>& wanted) {
  if (parties.empty()) {
    return absl::StrCat("it has no registered ", what, "; the rule is for ",
                        AnyOf(wanted));
  }
  return absl::StrCat(what, " ", absl::StrJoin(parties, " and "),
                      parties.size() == 1 ? " is not " : " are not ",
                      AnyOf(wanted));
}

// Scope ----------------------------------------------------------------------

RuleReason DestinationReason(const RuleLook& look, Mismatch mismatch) {
  const CompiledFactFilter& where = look.rule.where;
  const std::string destination = DestinationText(look);
  if (mismatch == Mismatch::kCountry) {
    return MakeReason(
        RuleReason::KIND_DESTINATION,
        absl::StrCat(destination, " is not ", AnyOf(where.countries)));
  }
  if (mismatch == Mismatch::kGroup) {
    return MakeReason(RuleReason::KIND_DESTINATION,
                      absl::StrCat(destination, " is not in ",
                                   AnyOf(where.groups), OnDate(look)));
  }
  return MakeReason(
      RuleReason::KIND_DESTINATION,
      absl::StrCat(destination, " is in ",
                   GroupWith(look, where.except_groups, look.fact.country),
                   OnDate(look), ", which the rule leaves out"));
}

RuleReason PartyReason(const RuleLook& look, Mismatch mismatch) {
  const CompiledFactFilter& where = look.rule.where;
  const auto party = [](std::string text) {
    return MakeReason(RuleReason::KIND_PARTY, std::move(text));
  };
  const auto headquarters = [](std::string text) {
    return MakeReason(RuleReason::KIND_HEADQUARTERS, std::move(text));
  };
  switch (mismatch) {
    case Mismatch::kExporter:
      return party(NotAmong("exporter", {look.fact.exporter}, where.exporters));
    case Mismatch::kConsignee:
      return party(
          NotAmong("consignee", look.fact.consignees, where.consignees));
    case Mismatch::kEndUser:
      return party(NotAmong("end user", look.fact.end_users, where.end_users));
    case Mismatch::kUltimateParent:
      return party(absl::StrCat(ReceiversText(look), "; the rule is for what ",
                                AnyOf(where.ultimate_parents),
                                " owns in the end"));
    case Mismatch::kHeadquarters:
      return headquarters(
          absl::StrCat(ReceiversText(look), "; none is headquartered in ",
                       AnyOf(where.headquarters_groups), OnDate(look)));
    default:
      return headquarters(ExceptedHeadquarters(look));
  }
}

std::optional<RuleReason> ScopeReason(const RuleLook& look) {
  const CompiledFactFilter& where = look.rule.where;
  const Fact& fact = look.fact;
  const Mismatch mismatch =
      FindMismatch(look.catalog, look.policy, where, fact);
  switch (mismatch) {
    case Mismatch::kNone:
      return std::nullopt;
    case Mismatch::kMovement:
      return MakeReason(RuleReason::KIND_MOVEMENT,
                        absl::StrCat("it is ", MovementWords(fact.movement),
                                     "; the rule is for ",
                                     AnyKind(where.movements, MovementWords)));
    case Mismatch::kAuthorizationKind:
      return MakeReason(
          RuleReason::KIND_AUTHORIZATION,
          absl::StrCat("its authorization is ",
                       KindWords(fact.authorization_kind), "; the rule is for ",
                       AnyKind(where.authorization_kinds, KindWords)));
    case Mismatch::kLicense:
      return MakeReason(
          RuleReason::KIND_LICENSE,
          fact.license_id.empty()
              ? absl::StrCat("it is under no license; the rule is for ",
                             AnyOf(where.license_ids))
              : absl::StrCat("license ", fact.license_id, " is not ",
                             AnyOf(where.license_ids)));
    case Mismatch::kCountry:
    case Mismatch::kGroup:
    case Mismatch::kExceptGroup:
      return DestinationReason(look, mismatch);
    default:
      return PartyReason(look, mismatch);
  }
}

std::optional<RuleReason> WindowReason(const RuleLook& look) {
  const CompiledWindow& window = look.rule.window;
  if (window.Of(look.fact.date, look.fact.GrantedOn())) return std::nullopt;
  return MakeReason(
      RuleReason::KIND_WINDOW,
      window.IsOfAuthorization()
          ? std::string("its totals run from the grant of a license on, and "
                        "there is none")
          : absl::StrCat(look.fact.date.ToString(), " is not from ",
                         window.fixed.from.ToString(), " to before ",
                         window.fixed.to.ToString()));
}

// Items ----------------------------------------------------------------------

std::string ClassText(const ItemTraits& traits) {
  return traits.classification.empty()
             ? std::string("is not classified")
             : absl::StrCat("is of class ", traits.classification);
}

std::string TppWanted(const CompiledItemFilter& filter) {
  std::vector<std::string> wanted;
  if (filter.min_milli_tpp) {
    wanted.push_back(absl::StrCat("from ", TppText(*filter.min_milli_tpp)));
  }
  if (filter.below_milli_tpp) {
    wanted.push_back(absl::StrCat("below ", TppText(*filter.below_milli_tpp)));
  }
  return absl::StrJoin(wanted, " ");
}

std::string TppIs(const ItemTraits& traits) {
  if (!traits.milli_tpp) return "has a TPP that is not known";
  return absl::StrCat("has ", TppText(*traits.milli_tpp),
                      traits.gpus == 1
                          ? std::string()
                          : absl::StrCat(" in ", CountOf(traits.gpus, "GPU")));
}

std::string BandwidthIs(const ItemTraits& traits) {
  return traits.memory_bandwidth_mb_s
             ? absl::StrCat("has a memory bandwidth of ",
                            *traits.memory_bandwidth_mb_s, " MB/s")
             : std::string("has a memory bandwidth that is not known");
}

// What an item is that a filter does not want, and what it wants.
std::string FilterText(const CompiledItemFilter& filter,
                       const ItemTraits& traits) {
  std::vector<std::string> parts;
  const auto unwanted = [&](const std::string& is, const std::string& wanted) {
    parts.push_back(absl::StrCat(is, ", and the rule counts ", wanted));
  };
  if (!Admits(filter.classifications, traits.classification)) {
    unwanted(ClassText(traits), AnyOf(filter.classifications));
  }
  if (!Admits(filter.product_codes, traits.product_code)) {
    unwanted("is another product", AnyOf(filter.product_codes));
  }
  if (!filter.MatchesTpp(traits)) unwanted(TppIs(traits), TppWanted(filter));
  if (!filter.MatchesMemoryBandwidth(traits)) {
    unwanted(
        BandwidthIs(traits),
        absl::StrCat("below ", *filter.below_memory_bandwidth_mb_s, " MB/s"));
  }
  return absl::StrJoin(parts, "; ");
}

// What an exemption is for, such as "under NVEU, dated before 2025-01-01".
std::string ExemptionText(const CompiledExemption& exemption) {
  std::vector<std::string> parts;
  if (!exemption.authorization_kinds.empty()) {
    parts.push_back(absl::StrCat(
        "under ", AnyKind(exemption.authorization_kinds, KindWords)));
  }
  if (exemption.from != Date::Min()) {
    parts.push_back(absl::StrCat("dated from ", exemption.from.ToString()));
  }
  if (exemption.before != Date::Max()) {
    parts.push_back(absl::StrCat("dated before ", exemption.before.ToString()));
  }
  if (exemption.items) {
    const std::string classes = AnyOf(exemption.items->classifications);
    parts.push_back(classes.empty() ? std::string("such items")
                                    : absl::StrCat("of class ", classes));
  }
  if (!exemption.parties.empty()) {
    parts.push_back(absl::StrCat("for ", AnyOf(exemption.parties)));
  }
  if (exemption.where) parts.push_back("in the exemption's scope");
  return absl::StrJoin(parts, ", ");
}

std::optional<RuleReason> ExemptionReason(const RuleLook& look,
                                          const CountedItem& item) {
  const CompiledExemption* exemption =
      FindExemption(look.catalog, look.policy, look.rule, look.fact, item);
  if (exemption == nullptr) return std::nullopt;
  RuleReason reason =
      MakeReason(RuleReason::KIND_EXEMPTION,
                 absl::StrCat("exempt: ", ExemptionText(*exemption)));
  const auto place = static_cast<int>(exemption - look.rule.exemptions.data());
  const v1::Rule& rule =
      look.policy.adopted.policy().rules(static_cast<int>(look.rule.number));
  reason.set_citation(rule.exemptions(place).citation());
  return reason;
}

}  // namespace

std::optional<RuleReason> WhyNotFact(const RuleLook& look) {
  if (!Assessment::LooksAt(look.rule, look.occasion)) {
    return MakeReason(
        RuleReason::KIND_ACCRUAL,
        absl::StrCat("it is ", OccasionWords(look.occasion),
                     "; the rule counts ", AccrualWords(look.rule.accrual)));
  }
  std::optional<RuleReason> reason = ScopeReason(look);
  return reason ? reason : WindowReason(look);
}

std::optional<RuleReason> WhyNotItem(const RuleLook& look,
                                     const CountedItem& item) {
  std::optional<RuleReason> reason;
  const ItemTraits traits = item.Traits();
  if (look.rule.items && !look.rule.items->Matches(traits)) {
    reason = MakeReason(
        RuleReason::KIND_ITEM,
        absl::StrCat(NameOf(item), " ", FilterText(*look.rule.items, traits)));
  } else {
    reason = ExemptionReason(look, item);
  }
  if (!reason &&
      !look.rule.limit->Concerns(look.rule.measure, look.fact, item)) {
    reason = MakeReason(RuleReason::KIND_LIMIT,
                        absl::StrCat("no line of a license limits what the "
                                     "rule measures of ",
                                     NameOf(item)));
  }
  if (reason) reason->set_item(item.number);
  return reason;
}

}  // namespace chipledger::domain
