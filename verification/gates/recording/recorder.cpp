// Main program of a simulation that records signals: of each cycle in a window of the chip's timer,
// a row with the bytes of each signal, into the file +record_fd, behind the sizes of the signals
// (32 bits each). Plusargs beside those of top.sv: +signals=FILE (a name from the chip on in each
// line, or name[word] of a memory), +record_fd=N, +record_from=N and +record_to=N.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <unistd.h>
#include <unordered_map>
#include <vector>

#include "Vtop.h"
#include "verilated.h"
#include "verilated_syms.h"

static const std::string CHIP = "top.chip.soc.";
static constexpr size_t BUFFER_BYTES = 1 << 20;

struct Source {
    const uint8_t *data;
    size_t bytes;
};

static std::string argument(const char *name) {
    // A copy: each match stands where the last one did.
    const std::string match = Verilated::commandArgsPlusMatch(name);
    const size_t equals = match.find('=');
    if (equals == std::string::npos) {
        std::fprintf(stderr, "+%s is missing\n", name);
        std::exit(1);
    }
    return match.substr(equals + 1);
}

static uint64_t number(const char *name) {
    return std::strtoull(argument(name).c_str(), nullptr, 10);
}

// Without what Verilog puts around unusual names.
static std::string plain(const char *name) {
    std::string text;
    for (; *name; name++)
        if (*name != '\\' && *name != ' ')
            text += *name;
    return text;
}

using Variables = std::unordered_map<std::string, const VerilatedVar *>;

static Variables public_variables() {
    Variables found;
    for (const auto &scope : *Verilated::scopeNameMap())
        if (scope.second->varsp())
            for (const auto &variable : *scope.second->varsp())
                found[plain(scope.first) + "." + plain(variable.first)] = &variable.second;
    return found;
}

// Where a signal, or a word of a memory, lies.
static Source find(const Variables &variables, const std::string &name) {
    auto found = variables.find(name);
    size_t word = 0;
    bool is_word = false;
    if (found == variables.end() && !name.empty() && name.back() == ']') {
        const size_t bracket = name.rfind('[');
        word = std::strtoull(name.c_str() + bracket + 1, nullptr, 10);
        found = variables.find(name.substr(0, bracket));
        is_word = true;
    }
    if (found == variables.end() || (found->second->udims() != 0) != is_word) {
        std::fprintf(stderr, "the RTL has no signal %s\n", name.c_str());
        std::exit(1);
    }
    const size_t bytes = found->second->entSize();
    return {static_cast<const uint8_t *>(found->second->datap()) + word * bytes, bytes};
}

static void put(int file, const uint8_t *data, size_t bytes) {
    while (bytes) {
        const ssize_t written = write(file, data, bytes);
        if (written <= 0)
            std::exit(1); // whoever reads has gone
        data += written;
        bytes -= static_cast<size_t>(written);
    }
}

int main(int argc, char **argv) {
    Verilated::commandArgs(argc, argv);
    auto top = std::make_unique<Vtop>("");
    const int file = static_cast<int>(number("record_fd="));
    const uint32_t from = static_cast<uint32_t>(number("record_from="));
    const uint32_t to = static_cast<uint32_t>(number("record_to="));
    const Variables variables = public_variables();
    const Source timer = find(variables, CHIP + "cycles");
    std::vector<Source> sources;
    std::vector<uint32_t> sizes;
    std::ifstream names(argument("signals="));
    for (std::string name; std::getline(names, name);) {
        sources.push_back(find(variables, CHIP + name));
        sizes.push_back(static_cast<uint32_t>(sources.back().bytes));
    }
    put(file, reinterpret_cast<const uint8_t *>(sizes.data()), sizes.size() * sizeof sizes[0]);
    std::vector<uint8_t> rows;
    rows.reserve(BUFFER_BYTES * 2);
    for (uint64_t now = 0; !Verilated::gotFinish(); now = top->nextTimeSlot()) {
        Verilated::threadContextp()->time(now);
        top->eval();
        // The clock falls in even steps: all that it caused has settled since.
        if (now % 2 == 0) {
            uint32_t cycle;
            std::memcpy(&cycle, timer.data, sizeof cycle);
            if (now && cycle >= to)
                break;
            if (cycle >= from)
                for (const Source &source : sources)
                    rows.insert(rows.end(), source.data, source.data + source.bytes);
            if (rows.size() >= BUFFER_BYTES) {
                put(file, rows.data(), rows.size());
                rows.clear();
            }
        }
        if (!top->eventsPending())
            break;
    }
    put(file, rows.data(), rows.size());
    top->final();
    return 0;
}
