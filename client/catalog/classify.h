// The class of a product from its figures and the lines of a control list.
#ifndef CHIPLEDGER_CLIENT_CATALOG_CLASSIFY_H_
#define CHIPLEDGER_CLIENT_CATALOG_CLASSIFY_H_

#include <cstdint>
#include <optional>
#include <string>

#include "chipledger/v1/catalog_file.pb.h"

namespace chipledger::catalog {

// What classifies a product. A figure that is not there is unknown.
struct Figures {
  // TPP of one GPU in milli-TPP, 0 or more.
  std::optional<int64_t> milli_tpp;
  // Applicable die area in thousandths of a square millimeter, 1,000 or more.
  std::optional<int64_t> milli_area;
  // Neither designed nor marketed for data centers.
  bool not_for_data_centers = false;
  // Contains chips of these figures.
  bool assembly = false;
};

// Tests every exception and line of the table. An exception that holds leaves
// no class; else the first class holds that has a line that does. What depends
// on an unknown figure is unknown, and so is a class that stands behind it:
// nothing is guessed. Densities are compared exactly, as TPP with the bound
// times the area.
// Requires: CheckClassTable finds nothing wrong with the table.
v1::ClassReport Classify(const Figures& figures, const v1::ClassTable& table);

// The classes that the figures leave possible, such as "3A090.a or none".
std::string PossibleText(const v1::ClassReport& report);

}  // namespace chipledger::catalog

#endif  // CHIPLEDGER_CLIENT_CATALOG_CLASSIFY_H_
