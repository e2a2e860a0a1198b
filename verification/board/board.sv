// A board: the chip with its main memory, and a reset that also answers the end of the firmware. Its
// serial lines are driven by board.cpp, bit by bit. Plusargs: those of chip.
`timescale 1ns / 1ns
module top #(
    parameter int unsigned BUS_BYTES = 8,
    parameter bit [31:0] MEMORY_BASE = 32'h40000000,
    parameter bit [31:0] CLOCK_HZ = 0
) (
    input logic clk,
    input logic uart_rx,
    output logic uart_tx
);
    // Longer than any answer of main memory takes.
    localparam bit [7:0] RESET_CYCLES = 128;

    logic finish;
    bit [7:0] resetting = RESET_CYCLES;
    wire rst = resetting != 0;
    always_ff @(posedge clk)
        if (finish) resetting <= RESET_CYCLES;
        else if (rst) resetting <= resetting - 1;

    chip #(
        .BUS_BYTES(BUS_BYTES),
        .MEMORY_BASE(MEMORY_BASE)
    ) chip (
        .preloaded(1'b0),
        .clock_hz(CLOCK_HZ),
        .uart_sent(),
        .uart_byte(),
        .bus_error(),
        .status(),
        .trap_cause(),
        .trap_pc(),
        .trap_value(),
        .cycles(),
        .activity(),
        .debug_stb(1'b0),
        .debug_adr(30'b0),
        .debug_ack(),
        .debug_err(),
        .debug_dat_r(),
        .dump(1'b0),
        .*
    );
endmodule
