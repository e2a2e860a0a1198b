// The model without cocotb: only time and evaluation. The benchmark's yardstick.
#include <memory>

#include "Vtop.h"
#include "verilated.h"

int main(int argc, char **argv) {
    auto context = std::make_unique<VerilatedContext>();
    context->commandArgs(argc, argv);
    auto top = std::make_unique<Vtop>(context.get());
    while (!context->gotFinish()) {
        top->eval();
        if (!top->eventsPending()) break;
        context->time(top->nextTimeSlot());
    }
    top->final();
    return 0;
}
