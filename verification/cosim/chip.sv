// The chip and its main memory. Plusargs: +memory_bytes=N and +memory_latency=N, which the chip's
// registers tell as well, and those of main_memory and of memory_device.
`timescale 1ns / 1ns
module chip #(
    parameter int unsigned BUS_BYTES,
    parameter bit [31:0] MEMORY_BASE
) (
    input logic clk,
    input logic rst,
    input logic preloaded,
    input logic [31:0] clock_hz,
    input logic uart_rx,
    output logic uart_tx,
    output logic uart_sent,
    output logic [7:0] uart_byte,
    output logic finish,
    output logic bus_error,
    output logic [31:0] status,
    output logic [31:0] trap_cause,
    output logic [31:0] trap_pc,
    output logic [31:0] trap_value,
    output logic [31:0] cycles,
    output logic [2:0] activity,
    input logic debug_stb,  // reads a register
    input logic [29:0] debug_adr,
    output logic debug_ack,
    output logic debug_err,
    output logic [31:0] debug_dat_r,
    input logic dump  // of main memory
);
    logic cyc, stb, we, stall, ack, err;
    logic [31-$clog2(BUS_BYTES):0] adr;
    logic [BUS_BYTES-1:0] sel;
    logic [8*BUS_BYTES-1:0] dat_w, dat_r;

    bit [31:0] memory_bytes, memory_latency;
    initial
        if (!$value$plusargs("memory_bytes=%d", memory_bytes)
            || !$value$plusargs("memory_latency=%d", memory_latency))
            $fatal(1, "+memory_bytes and +memory_latency must be given");

    soc soc (
        .memory__cyc(cyc),
        .memory__stb(stb),
        .memory__we(we),
        .memory__adr(adr),
        .memory__sel(sel),
        .memory__dat_w(dat_w),
        .memory__stall(stall),
        .memory__ack(ack),
        .memory__err(err),
        .memory__dat_r(dat_r),
        .debug__cyc(debug_stb),
        .debug__stb(debug_stb),
        .debug__we(1'b0),
        .debug__adr(debug_adr),
        .debug__sel(4'b1111),
        .debug__dat_w(32'b0),
        .debug__cti(3'b0),
        .debug__bte(2'b0),
        .debug__ack(debug_ack),
        .debug__err(debug_err),
        .debug__dat_r(debug_dat_r),
        .*
    );

    main_memory #(
        .BUS_BYTES(BUS_BYTES),
        .BASE(MEMORY_BASE)
    ) memory (
        .bytes(memory_bytes),
        .*
    );
endmodule
