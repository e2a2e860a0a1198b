// Drives the model and cocotb. cocotb's own main program looks for VPI callbacks after every
// evaluation; this one does so only in a time step in which Python can have something to do: an
// event signal of the bench changed, a timer of Python's is due, or the run has stopped (from then
// on Python reads and writes signals as it likes).
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "Vtop.h"
#include "Vtop_top.h"
#include "verilated.h"
#include "verilated_vpi.h"
#if VM_TRACE_FST
#include "verilated_fst_c.h"
#endif

extern "C" void vlog_startup_routines_bootstrap(void);

static uint64_t now = 0;
double sc_time_stamp() { return static_cast<double>(now); }

static void settle_values() {
    while (VerilatedVpi::callValueCbs()) {
    }
}

// The regions of a time step in which Python runs, as in cocotb's share/lib/verilator.
static void run_python(Vtop &top) {
    do {
        do {
            top.eval_step();
            VerilatedVpi::clearEvalNeeded();
            VerilatedVpi::doInertialPuts();
            settle_values();
        } while (VerilatedVpi::evalNeeded());
        VerilatedVpi::callCbs(cbReadWriteSynch);
        VerilatedVpi::doInertialPuts();
        settle_values();
    } while (VerilatedVpi::evalNeeded());
    top.eval_end_step();
    VerilatedVpi::callCbs(cbReadOnlySynch);
}

static uint8_t events(const Vtop &top) {
    const Vtop_top &bench = *top.top;
    return bench.uart_event | bench.heartbeat << 1 | bench.stopped << 2;
}

#if VM_TRACE_FST
static uint64_t argument(const char *name, uint64_t otherwise) {
    const char *value = std::strchr(Verilated::commandArgsPlusMatch(name), '=');
    return value ? std::strtoull(value + 1, nullptr, 10) : otherwise;
}

// Picoseconds; a cycle of the clock is two time steps.
static uint64_t wave_time(uint64_t step, uint64_t clock_hz) {
    return static_cast<uint64_t>(static_cast<unsigned __int128>(step) * 500'000'000'000 / clock_hz);
}
#endif

int main(int argc, char **argv) {
    Verilated::commandArgs(argc, argv);
    auto top = std::make_unique<Vtop>("");
    Verilated::fatalOnVpiError(false);  // cocotb probes for names that need not exist
#if VM_TRACE_FST
    Verilated::traceEverOn(true);
    auto waves = std::make_unique<VerilatedFstC>();
    // A copy: each match stands where the last one did.
    const std::string file = Verilated::commandArgsPlusMatch("waves=");
    const bool tracing = !file.empty();
    const uint64_t clock_hz = argument("waves_clock_hz=", 500'000'000);
    const uint64_t first = 2 * argument("waves_from=", 0);
    const uint64_t last = 2 * argument("waves_to=", ~uint64_t{0} / 2);
    if (tracing) {
        top->trace(waves.get(), 99);
        waves->set_time_resolution("1ps");
        waves->open(file.c_str() + file.find('=') + 1);
    }
#endif
    vlog_startup_routines_bootstrap();
    VerilatedVpi::callCbs(cbStartOfSimulation);
    settle_values();
    uint8_t seen = events(*top);
    bool python = true;
    while (!Verilated::gotFinish()) {
        if (!python) {
            top->eval();
            python = events(*top) != seen;
        }
        if (python) {
            run_python(*top);
            seen = events(*top);
        }
#if VM_TRACE_FST
        if (tracing && now >= first && now <= last) waves->dump(wave_time(now, clock_hz));
#endif
        const uint64_t never = ~uint64_t{0};
        const uint64_t timer = VerilatedVpi::cbNextDeadline();
        const uint64_t next = std::min(timer, top->eventsPending() ? top->nextTimeSlot() : never);
        if (next == never) break;
        now = next;
        python = timer <= now || top->top->stopped;
        if (python) {
            VerilatedVpi::callCbs(cbNextSimTime);
            settle_values();
            VerilatedVpi::callTimedCbs();
            settle_values();
        }
    }
    top->final();
    VerilatedVpi::callCbs(cbEndOfSimulation);
#if VM_TRACE_FST
    if (tracing) waves->close();
#endif
    return Verilated::threadContextp()->errorCount() > 0;
}
