// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/hostile_scanner_for_test.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/seqpacket.hpp"

namespace rastel::sandbox {
namespace {

[[noreturn]] void hang() {
  for (;;) poll(nullptr, 0, -1);
}

std::string read_word(int descriptor, std::uint64_t size) {
  std::string text(static_cast<std::size_t>(size), '\0');
  const ssize_t got = pread(descriptor, text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text.substr(0, text.find_first_of(" \r\n"));
}

// The message belongs to the daemon, and other workers read it.
bool can_change(int descriptor) {
  return pwrite(descriptor, "x", 1, 0) >= 0 || ftruncate(descriptor, 0) == 0;
}

void eat_memory() {
  for (;;) {
    char* piece = new char[8 << 20];
    std::memset(piece, 1, 8 << 20);
  }
}

// As a library does that believes in malloc().
void use_what_malloc_gives() {
  for (std::size_t size = 8 << 20;; size *= 2) {
    volatile char* piece = static_cast<volatile char*>(std::malloc(size));
    piece[0] = 1;
  }
}

// Returns errno of the write that failed, or 0 if nobody stopped it at `most` bytes.
int fill(const std::filesystem::path& scratch, std::uint64_t most) {
  const std::string piece(1 << 16, 'x');
  for (int number = 0; most > 0; ++number) {
    const FileDescriptor file(
        open((scratch / std::to_string(number)).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (!file) return errno;
    for (int i = 0; i < 16 && most > 0; ++i, most -= std::min<std::uint64_t>(most, piece.size()))
      if (write(file.get(), piece.data(), piece.size()) < 0) return errno;
  }
  return 0;
}

std::string frame(FrameKind kind, std::uint32_t number, std::string_view body) {
  FrameHeader header;
  header.kind = kind;
  header.number = number;
  return encode_frame(header, body);
}

std::string item(std::uint16_t tag, std::uint32_t length, std::string_view value) {
  std::string bytes(reinterpret_cast<const char*>(&tag), sizeof tag);
  bytes.append(reinterpret_cast<const char*>(&length), sizeof length);
  return bytes += value;
}

std::string honest_item(std::uint16_t tag, std::string_view value) {
  return item(tag, static_cast<std::uint32_t>(value.size()), value);
}

Report clean() {
  Report report;
  report.layers = 1;
  return report;
}

// What a lying worker says instead of a report; empty: not a lie of this kind.
std::string lie(std::string_view word) {
  const std::string good = encode_report(clean());
  if (word == "lie-tag") return good + honest_item(99, "x");
  if (word == "lie-length") return good + item(1, 1000, "\001short");
  if (word == "lie-huge-length") return good + item(1, 0xffffffffU, "\001short");
  if (word == "lie-kind") return good + honest_item(1, "\200Name");
  if (word == "lie-name") return good + honest_item(1, std::string("\0Name with\nlines", 16));
  if (word == "lie-empty-name") return good + honest_item(1, std::string("\0", 1));
  if (word == "lie-long-name") return good + honest_item(1, std::string("\0", 1) + std::string(257, 'a'));
  if (word == "lie-reason") return good + honest_item(2, "\177");
  if (word == "lie-layers") return good + honest_item(3, "four");
  if (word == "lie-nothing-seen") return encode_report(Report{});
  if (word == "lie-known") return good + honest_item(6, std::string(8, '\177'));
  if (word == "lie-vouched") return good + honest_item(7, std::string(33, 'x'));
  if (word == "lie-vouched-infected")
    return good + honest_item(1, std::string("\0N", 2)) + honest_item(7, std::string(32, 'x'));
  if (word == "lie-vouched-many") return good + honest_item(7, std::string(std::size_t{4097} * 32, 'x'));
  if (word == "lie-version") return good + honest_item(4, "ClamAV\nforged: line");
  if (word == "lie-cut") return good.substr(0, good.size() - 1) + "x\001";
  if (word == "lie-many") {
    std::string many = good;
    for (int i = 0; i < 5000; ++i) many += honest_item(1, std::string("\0N", 2));
    return many;
  }
  return {};
}

void send_all(int socket, std::string_view body, std::uint32_t number) {
  for (; body.size() > largest_body; body.remove_prefix(largest_body))
    (void)send_packet(socket, frame(FrameKind::report_part, number, body.substr(0, largest_body)), {}, 0);
  (void)send_packet(socket, frame(FrameKind::report_end, number, body), {}, 0);
}

}  // namespace

Result<> HostileScanner::prove(const std::filesystem::path&) {
  return engine_ == 66 ? fail(ErrorKind::ours, "the engine finds nothing") : Result<>();
}

Report HostileScanner::scan(int descriptor, std::uint64_t size, const std::filesystem::path& scratch,
                            ScannedAs /*as*/) {
  ++scans_;
  word_ = read_word(descriptor, size);
  Report report = clean();
  report.layers = scans_;
  if (word_ == "infected") report.findings.push_back({FindingKind::signature, "Test.Virus"});
  if (word_ == "crash") {
    volatile int* nowhere = nullptr;
    *nowhere = 1;
  }
  if (word_ == "abort" || (word_ == "crash-in-second-engine" && engine_ == 2)) std::abort();
  if (word_ == "exit") _exit(0);
  if (word_ == "hang" || (word_ == "hang-in-first-engine" && engine_ == 1)) hang();
  if (word_ == "spin") {
    for (volatile bool busy = true; busy;) {
    }
  }
  if (word_ == "memory") eat_memory();
  if (word_ == "null-memory") use_what_malloc_gives();
  if (word_ == "fill") {
    const int problem = fill(scratch, 64 << 20);
    report.set_unscanned(problem == ENOSPC || problem == EFBIG ? UnscannedReason::limit
                                                               : UnscannedReason::engine);
  }
  if (word_ == "vouch") report.vouched = {sha256("layer")};
  if (word_ == "asks")
    report.layers = scans_ + (known_ != nullptr && known_->knows(sha256("layer")) ? 1000 : 0);
  if (word_ == "change" && can_change(descriptor))
    report.findings.push_back({FindingKind::signature, "Changed"});
  return report;
}

bool HostileScanner::answers_itself_for_test(int socket, std::uint32_t number) {
  const std::string good = encode_report(clean());
  if (const std::string body = lie(word_); !body.empty()) {
    send_all(socket, body, number);
    return true;
  }
  if (word_ == "garbage") return send_packet(socket, std::string(1000, '\xa5'), {}, 0).has_value();
  if (word_ == "large-packet") return send_packet(socket, std::string(100'000, '\xa5'), {}, 0).has_value();
  if (word_ == "empty-packet") return send_packet(socket, {}, {}, 0).has_value();
  if (word_ == "wrong-number")
    return send_packet(socket, frame(FrameKind::report_end, number + 1, good), {}, 0).has_value();
  if (word_ == "wrong-kind")
    return send_packet(socket, frame(FrameKind::worker_ready, number, good), {}, 0).has_value();
  if (word_ == "descriptors")
    return send_packet(socket, frame(FrameKind::report_end, number, good), {0, 0, 0}, 0).has_value();
  if (word_ == "endless") {
    const std::string part = frame(FrameKind::report_part, number, std::string(largest_body, '\0'));
    while (send_packet(socket, part, {}, 0)) {
    }
    hang();
  }
  if (word_ == "crumbs") {
    while (send_packet(socket, frame(FrameKind::report_part, number, "x"), {}, 0)) {
    }
    hang();
  }
  if (word_ == "close") {
    close(socket);
    hang();
  }
  // The second answer stands in the socket before the first is read (most of the time), or while the worker
  // is idle.
  if (word_ == "twice") (void)send_packet(socket, frame(FrameKind::report_end, number, good), {}, 0);
  if (word_ == "ahead") {
    send_all(socket, good, number);
    (void)send_packet(socket, frame(FrameKind::report_end, number + 1, good), {}, 0);
    return true;
  }
  return false;
}

Result<Loaded> hostile_engine(std::uint32_t engine) {
  Loaded loaded;
  loaded.scanner = std::make_unique<HostileScanner>(engine);
  loaded.ready.engine_version = "Hostile";
  loaded.ready.signature_version = std::to_string(engine);
  loaded.ready.signature_count = engine;
  loaded.ready.signature_digest = std::string(63, '0') + static_cast<char>('0' + engine % 10);
  return loaded;
}

}  // namespace rastel::sandbox
