// A simulated board behind a pseudo-terminal: bytes of the terminal become bits on the chip's
// serial lines and back, UART_BIT_CYCLES clock cycles each. Prints "port NAME" and then runs until
// it is killed, or its parent dies. Time stands still while nobody has the terminal open.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <termios.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <memory>

#include "Vtop.h"
#include "verilated.h"

static constexpr int BITS = 10;
static constexpr uint32_t POLL_CYCLES = 1024;
static constexpr int PAUSE_US = 20000;

class Terminal {
  public:
    Terminal() : master(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK)) {
        if (master < 0 || grantpt(master) || unlockpt(master)) {
            perror("posix_openpt");
            exit(1);
        }
        // Opened and closed once: from then on the master knows whether somebody is there.
        const int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
        termios raw;
        tcgetattr(slave, &raw);
        cfmakeraw(&raw);
        tcsetattr(slave, TCSANOW, &raw);
        close(slave);
    }

    const char *name() const { return ptsname(master); }

    bool hung_up() const {
        pollfd state = {master, 0, 0};
        poll(&state, 1, 0);
        return state.revents & POLLHUP;
    }

    // The next byte, or -1.
    int get() {
        if (next == filled) {
            const ssize_t got = read(master, buffer, sizeof buffer);
            next = 0;
            filled = got > 0 ? got : 0;
        }
        return next < filled ? buffer[next++] : -1;
    }

    void put(uint8_t byte) {
        while (write(master, &byte, 1) < 0 && !hung_up()) usleep(PAUSE_US);
    }

  private:
    int master;
    uint8_t buffer[4096];
    ssize_t next = 0, filled = 0;
};

// Takes the chip's line apart, sampled in the middle of each bit.
class Listener {
  public:
    // A byte, when one is complete, or -1.
    int clock(bool line) {
        if (!bits) {
            if (line) return -1;
            bits = BITS;
            cycle = UART_BIT_CYCLES / 2;
            return -1;
        }
        if (++cycle < UART_BIT_CYCLES) return -1;
        cycle = 0;
        frame = frame >> 1 | line << (BITS - 1);
        return --bits ? -1 : frame >> 1 & 0xff;
    }

  private:
    int bits = 0, cycle = 0;
    uint32_t frame = 0;
};

// Puts bytes on the chip's line.
class Talker {
  public:
    bool busy() const { return bits; }
    void start(uint8_t byte) {
        frame = 1u << (BITS - 1) | byte << 1;
        bits = BITS;
        cycle = 0;
    }
    bool clock() {
        if (!bits) return true;
        const bool line = frame & 1;
        if (++cycle == UART_BIT_CYCLES) {
            cycle = 0;
            frame >>= 1;
            bits--;
        }
        return line;
    }

  private:
    int bits = 0, cycle = 0;
    uint32_t frame = 0;
};

int main(int argc, char **argv) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    auto context = std::make_unique<VerilatedContext>();
    context->commandArgs(argc, argv);
    auto top = std::make_unique<Vtop>(context.get());
    Terminal terminal;
    Listener listener;
    Talker talker;
    printf("port %s\n", terminal.name());
    fflush(stdout);
    top->uart_rx = 1;
    for (uint32_t cycle = 0;; cycle++) {
        if (cycle % POLL_CYCLES == 0)
            while (terminal.hung_up()) usleep(PAUSE_US);
        // Asking the system for a byte costs as much as some cycles.
        if (!talker.busy() && cycle % UART_BIT_CYCLES == 0) {
            const int byte = terminal.get();
            if (byte >= 0) talker.start(byte);
        }
        top->uart_rx = talker.clock();
        top->clk = 1;
        top->eval();
        top->clk = 0;
        top->eval();
        const int byte = listener.clock(top->uart_tx);
        if (byte >= 0) terminal.put(byte);
    }
}
