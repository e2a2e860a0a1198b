// Puts requests to main memory and tells what it does. Standard input: a line "pause offset write
// value" each, `pause` cycles without a request before it. Standard output: "taken CYCLE" and
// "answered CYCLE ERROR VALUE". Cycles count from the reset's end.
#include <cstdint>
#include <cstdio>
#include <memory>

#include "Vtop.h"
#include "verilated.h"

static Vtop *top;
static int64_t now = -4;

// The cycle's values are there after the falling edge; returns whether a request was taken.
static bool cycle(bool asks) {
    top->stb = asks;
    top->rst = now < 0;
    top->clk = 0;
    top->eval();
    const bool taken = asks && !top->stall;
    if (taken)
        std::printf("taken %lld\n", static_cast<long long>(now));
    if (top->ack || top->err)
        std::printf("answered %lld %d %u\n", static_cast<long long>(now), top->err, top->found);
    top->clk = 1;
    top->eval();
    now++;
    return taken;
}

int main(int argc, char **argv) {
    Verilated::commandArgs(argc, argv);
    auto model = std::make_unique<Vtop>();
    top = model.get();
    while (now < 0)
        cycle(false);
    unsigned pause, offset, write, value;
    while (std::scanf("%u %u %u %u", &pause, &offset, &write, &value) == 4) {
        for (; pause; pause--)
            cycle(false);
        top->offset = offset;
        top->we = write;
        top->value = value;
        while (!cycle(true)) {
        }
    }
    for (int left = 0; left < 200; left++)
        cycle(false);
    top->final();
}
