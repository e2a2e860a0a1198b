// A board: the chip, its main memory, and a reset that also answers the end of the firmware. Its
// serial lines are driven by board.cpp, bit by bit. Plusarg: +image=FILE (see main_memory).
`timescale 1ns / 1ns
module top #(
    parameter int unsigned BUS_BYTES = 8,
    parameter int unsigned LATENCY = 8,
    parameter int unsigned MEMORY_BYTES = 4194304,
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

    logic memory_stb, memory_we, memory_stall, memory_ack, memory_err;
    logic [31-$clog2(BUS_BYTES):0] memory_adr;
    logic [BUS_BYTES-1:0] memory_sel;
    logic [8*BUS_BYTES-1:0] memory_dat_w, memory_dat_r;

    soc soc (
        .clk(clk),
        .rst(rst),
        .memory__cyc(),
        .memory__stb(memory_stb),
        .memory__we(memory_we),
        .memory__adr(memory_adr),
        .memory__sel(memory_sel),
        .memory__dat_w(memory_dat_w),
        .memory__stall(memory_stall),
        .memory__ack(memory_ack),
        .memory__err(memory_err),
        .memory__dat_r(memory_dat_r),
        .debug__cyc(1'b0),
        .debug__stb(1'b0),
        .debug__we(1'b0),
        .debug__adr(30'b0),
        .debug__sel(4'b0),
        .debug__dat_w(32'b0),
        .debug__cti(3'b0),
        .debug__bte(2'b0),
        .debug__ack(),
        .debug__err(),
        .debug__dat_r(),
        .preloaded(1'b0),
        .clock_hz(CLOCK_HZ),
        .uart_tx(uart_tx),
        .uart_rx(uart_rx),
        .uart_sent(),
        .uart_byte(),
        .finish(finish),
        .status(),
        .trap_cause(),
        .trap_pc(),
        .trap_value(),
        .bus_error(),
        .cycles(),
        .activity()
    );

    main_memory #(
        .BUS_BYTES(BUS_BYTES),
        .LATENCY(LATENCY),
        .BYTES(MEMORY_BYTES),
        .BASE(MEMORY_BASE)
    ) memory (
        .clk(clk),
        .rst(rst),
        .stb(memory_stb),
        .we(memory_we),
        .adr(memory_adr),
        .sel(memory_sel),
        .dat_w(memory_dat_w),
        .stall(memory_stall),
        .ack(memory_ack),
        .err(memory_err),
        .dat_r(memory_dat_r),
        .dump(1'b0)
    );
endmodule
