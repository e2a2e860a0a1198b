// Main memory alone, driven by main.cpp.
module top #(
    parameter int unsigned BUS_BYTES = 8
) (
    input logic clk,
    input logic rst,
    input logic stb,
    input logic we,
    input logic [31:0] offset,
    input logic [31:0] value,
    output logic stall,
    output logic ack,
    output logic err,
    output logic [31:0] found
);
    localparam bit [31:0] BASE = 32'h40000000;
    localparam int unsigned SHIFT = $clog2(BUS_BYTES);
    wire [31:0] address = BASE + offset;
    logic [8*BUS_BYTES-1:0] dat_r;
    assign found = dat_r[31:0];
    main_memory #(
        .BUS_BYTES(BUS_BYTES),
        .CAPACITY(65536),
        .BASE(BASE)
    ) memory (
        .bytes(32'd16384),
        .adr(address[31:SHIFT]),
        .sel('1),
        .dat_w({8 * BUS_BYTES / 32{value}}),
        .dump(1'b0),
        .*
    );
endmodule
