// Drives the model and cocotb. cocotb's own main program looks for VPI callbacks after every
// evaluation; this one does so only in a time step in which Python can have something to do: an
// event signal of the bench changed, a timer of Python's is due, or the run has stopped (from then
// on Python reads and writes signals as it likes).
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>

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

int main(int argc, char **argv) {
    Verilated::commandArgs(argc, argv);
    auto top = std::make_unique<Vtop>("");
    Verilated::fatalOnVpiError(false);  // cocotb probes for names that need not exist
#if VM_TRACE_FST
    Verilated::traceEverOn(true);
    auto waves = std::make_unique<VerilatedFstC>();
    const char *file = Verilated::commandArgsPlusMatch("waves=");
    const bool tracing = *file != 0;
    if (tracing) {
        top->trace(waves.get(), 99);
        waves->open(std::strchr(file, '=') + 1);
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
        if (tracing) waves->dump(now);
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
