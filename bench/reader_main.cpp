// SPDX-License-Identifier: GPL-2.0-only
// What reading mail costs: bench_reader ROUNDS SIGNATURES FILE…
//
// Reads all messages into memory, then in turns, ROUNDS times: our reader (every reading, every part decoded
// and its digest taken), GMime (parsed, every part decoded), the engine's whole scan, and the engine's scan
// without the second look; these two message by message. Prints a JSON object a line:
// {"round":0,"what":"reader","seconds":1.5,"bytes":1000}, seconds of processor time. SIGNATURES: a folder of
// databases, or "builtin". One thread. Built by
// `./dev bench` alone.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include <gmime/gmime.h>
#include <sys/resource.h>

#include "base/message.hpp"
#include "base/os/freed_memory.hpp"
#include "detect/engine.hpp"
#include "message/reader.hpp"

namespace {

using namespace rastel;

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Mail {
  std::string bytes;
  MessagePointer message;
};

class Counter final : public message::LeafVisitor {
 public:
  void leaf(const message::Leaf& leaf) override { decoded += leaf.bytes.size(); }
  std::size_t decoded = 0;
};

std::size_t read_by_us(const std::vector<Mail>& mails) {
  Counter counter;
  for (const Mail& mail : mails)
    if (!message::read_message(mail.bytes, counter).complete)
      std::fprintf(stderr, "a message over the limits\n");
  return counter.decoded;
}

void decode(GMimeObject* /*parent*/, GMimeObject* object, gpointer sink) {
  if (!GMIME_IS_PART(object)) return;
  GMimeDataWrapper* content = g_mime_part_get_content(GMIME_PART(object));
  if (content != nullptr) g_mime_data_wrapper_write_to_stream(content, GMIME_STREAM(sink));
}

std::size_t read_by_gmime(const std::vector<Mail>& mails) {
  GMimeStream* sink = g_mime_stream_null_new();
  for (const Mail& mail : mails) {
    GMimeStream* stream = g_mime_stream_mem_new_with_buffer(mail.bytes.data(), mail.bytes.size());
    GMimeParser* parser = g_mime_parser_new_with_stream(stream);
    if (GMimeMessage* message = g_mime_parser_construct_message(parser, nullptr); message != nullptr) {
      g_mime_message_foreach(message, decode, sink);
      g_object_unref(message);
    }
    g_object_unref(parser);
    g_object_unref(stream);
  }
  const auto decoded = static_cast<std::size_t>(g_mime_stream_tell(sink));
  g_object_unref(sink);
  return decoded;
}

struct Measured {
  double seconds = 0;
  std::size_t result = 0;
};

template <class Run>
void measure(Measured& sum, const Run& run) {
  const double before = processor_seconds();
  sum.result += run();
  sum.seconds += processor_seconds() - before;
}

// Each message by one and by the other at once, so that both meet the same machine: what else runs there
// changes a scan's time by more than the second look takes. Which is first changes with each message and each
// round, as the first brings the message into the caches.
void scan_all(detect::Engine& engine, const std::vector<Mail>& mails, const std::filesystem::path& scratch,
              int round, Measured& both, Measured& alone) {
  using Looks = detect::Engine::Looks;
  const auto scan = [&](const Mail& mail, Looks looks) {
    measure(looks == Looks::both ? both : alone, [&] {
      return engine.scan(mail.message->descriptor(), mail.message->size(), scratch, looks).findings.size();
    });
  };
  for (std::size_t number = 0; number < mails.size(); ++number) {
    const bool both_first = (number + static_cast<std::size_t>(round)) % 2 == 0;
    scan(mails[number], both_first ? Looks::both : Looks::libclamav_alone);
    scan(mails[number], both_first ? Looks::libclamav_alone : Looks::both);
  }
}

void print(int round, const char* what, const Measured& measured, std::size_t bytes, std::size_t messages) {
  std::printf(
      "{\"round\":%d,\"what\":\"%s\",\"seconds\":%.6f,\"bytes\":%zu,\"messages\":%zu,\"result\":%zu}\n",
      round, what, measured.seconds, bytes, messages, measured.result);
  std::fflush(stdout);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 4) {
    std::fprintf(stderr, "usage: bench_reader ROUNDS SIGNATURES|builtin FILE…\n");
    return 64;
  }
  os::keep_freed_memory();  // as the engine does
  g_mime_init();
  const auto temporary = std::filesystem::temp_directory_path();
  std::string scratch = (temporary / "rastel-bench-XXXXXX").string();
  if (mkdtemp(scratch.data()) == nullptr) return 75;
  std::vector<Mail> mails;
  std::size_t bytes = 0;
  for (int number = 3; number < count; ++number) {
    std::ifstream file(arguments[number], std::ios::binary);
    Mail mail{{std::istreambuf_iterator<char>(file), {}}, nullptr};
    auto message = message_from_bytes(mail.bytes, temporary);
    if (!message) {
      std::fprintf(stderr, "%s: %s\n", arguments[number], message.error().what.c_str());
      return 75;
    }
    mail.message = *std::move(message);
    bytes += mail.bytes.size();
    mails.push_back(std::move(mail));
  }
  SignatureOptions signatures;
  signatures.directory = std::string(arguments[2]) == "builtin" ? "/nonexistent" : arguments[2];
  auto engine = detect::Engine::load(signatures, {});
  if (!engine) {
    std::fprintf(stderr, "%s\n", engine.error().what.c_str());
    return 75;
  }
  for (int round = 0; round < std::atoi(arguments[1]); ++round) {
    Measured reader, gmime, both, alone;
    measure(reader, [&] { return read_by_us(mails); });
    print(round, "reader", reader, bytes, mails.size());
    measure(gmime, [&] { return read_by_gmime(mails); });
    print(round, "gmime", gmime, bytes, mails.size());
    scan_all(**engine, mails, scratch, round, both, alone);
    print(round, "scan", both, bytes, mails.size());
    print(round, "scan-libclamav-alone", alone, bytes, mails.size());
  }
  std::error_code ignored;
  std::filesystem::remove_all(scratch, ignored);
  return 0;
}
