// SPDX-License-Identifier: GPL-2.0-only
// Values of MIME fields, their parameters and boundaries: bounded, and the default boundary is the grammar's.
#include <cstdlib>

#include "message/boundary.hpp"
#include "message/parameter_readings.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rastel::message;
  const std::string value = unfold({reinterpret_cast<const char*>(data), size});
  if (value.size() > size) std::abort();
  const StructuredValue read = read_structured_value(value);
  if (read.word.size() > size || read.parameters.size() > StructuredValue::most_parameters) std::abort();
  for (const Parameter& parameter : read.parameters)
    if (parameter.name.size() + parameter.value.size() > size) std::abort();
  const Boundaries boundaries = boundaries_of(value, read);
  if (boundaries.values.size() > ParameterReadings::most_values) std::abort();
  const std::string* declared = read.find("boundary");
  if (boundaries.declared != (declared != nullptr)) std::abort();
  if (declared != nullptr && boundaries.values.front() != *declared) std::abort();
  return 0;
}
