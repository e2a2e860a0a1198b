// When a memory takes an access: the timing of one device, without its data. One thing at a time
// holds it: a word, a page or burst that is opened, a refresh, a burst of another master.
//
// A refresh or a master's burst that is due goes before the next access, but not between a page's
// opening and the access that it was opened for, so that every access comes to its turn. What is
// due twice before it begins is done once. The model's twin is sim/model/memory/memory.h.
//
// Plusargs: +NAME_latency=N, and in place of latency word_cycles, page_bytes, banks, miss_cycles,
// write_cycles, refresh_period, refresh_cycles and contention (hw/spec/soc_config.py). What is left
// out is 0, but for 1 for latency, word_cycles and banks.
module memory_device #(
    parameter string NAME = "memory",
    parameter int unsigned BUS_BYTES = 8
) (
    input logic clk,
    input logic rst,
    input logic [31:0] now,  // cycles since reset
    input logic stb,
    input logic we,
    input logic [31:0] offset,  // of the word, in bytes from main memory's start
    output logic takes,
    output logic [31:0] answer,  // the cycle in which an access that is taken now has its answer
    output logic opens,  // a page or burst begins to be opened
    output logic refreshes  // a refresh begins
);
    localparam int unsigned BURST_BITS = 4;
    localparam int unsigned MOST_BANKS = 16;
    localparam bit [31:0] SCATTER = 32'h9e3779b1;  // 2**32 over the golden ratio

    bit [31:0] latency, word_cycles, page_bytes, banks, miss_cycles, write_cycles;
    bit [31:0] refresh_period, refresh_cycles, contention;
    bit [4:0] page_bits;

    function automatic bit [31:0] given(string field, bit [31:0] otherwise);
        string pattern;
        bit [31:0] value;
        pattern = {NAME, "_", field, "=%d"};
        return $value$plusargs(pattern, value) != 0 ? value : otherwise;
    endfunction

    initial begin
        latency = given("latency", 1);
        word_cycles = given("word_cycles", 1);
        page_bytes = given("page_bytes", 0);
        page_bits = 5'($clog2(page_bytes));
        banks = given("banks", 1);
        miss_cycles = given("miss_cycles", 0);
        write_cycles = given("write_cycles", 0);
        refresh_period = given("refresh_period", 0);
        refresh_cycles = given("refresh_cycles", 0);
        contention = given("contention", 0);
    end

    // What is open: pages by bank, or the burst that the next access may go on with.
    logic [31:0] open_page[MOST_BANKS];
    logic [MOST_BANKS-1:0] open;
    logic bursting, burst_writes;
    logic [31:0] burst_offset;

    logic [31:0] free;  // from this cycle on nothing holds the device
    logic opened;  // for an access that is still to come
    logic refresh_due, burst_due;
    logic [31:0] refresh_left;  // cycles to the one in which a refresh is due

    wire [31:0] page = offset >> page_bits;
    wire [3:0] bank = 4'(page & (banks - 1));
    wire page_hit = open[bank] && open_page[bank] == page;
    wire burst_hit = bursting && burst_writes == we && burst_offset == offset;
    wire hit = miss_cycles == 0 || (page_bytes != 0 ? page_hit : burst_hit);
    wire idle = now >= free;
    wire gives_way;
    assign takes = stb && idle && hit && (opened || !(refresh_due || burst_due));
    assign refreshes = idle && !takes && refresh_due;
    assign gives_way = idle && !takes && !refresh_due && burst_due;
    assign opens = stb && idle && !takes && !refresh_due && !burst_due;
    assign answer = now + latency + word_cycles - 1;

    // Stretches of a burst's length, of which the other master has the given share.
    wire [31:0] stretch = (now >> BURST_BITS) + 1;
    wire [31:0] scattered = (stretch * SCATTER) >> 16;
    wire claims = &now[BURST_BITS-1:0] && 100 * scattered < contention << 16;
    wire [3:0] lost_bank = 4'((now >> BURST_BITS) & (banks - 1));

    always_ff @(posedge clk)
        if (rst) begin
            open <= 0;
            bursting <= 0;
            free <= 0;
            opened <= 0;
            refresh_due <= 0;
            burst_due <= 0;
            refresh_left <= refresh_period;
        end else begin
            if (takes) begin
                free <= now + word_cycles + (we ? write_cycles : 0);
                bursting <= 1;
                burst_writes <= we;
                burst_offset <= offset + BUS_BYTES;
            end else if (refreshes) begin
                free <= now + refresh_cycles;
                open <= 0;
                bursting <= 0;
                refresh_due <= 0;
            end else if (gives_way) begin
                free <= now + (1 << BURST_BITS);
                open[lost_bank] <= 0;
                bursting <= 0;
                burst_due <= 0;
            end else if (opens) begin
                free <= now + miss_cycles;
                open[bank] <= 1;
                open_page[bank] <= page;
                bursting <= 1;
                burst_writes <= we;
                burst_offset <= offset;
            end
            if (idle) opened <= opens || (opened && !(takes || refreshes || gives_way));
            refresh_left <= refresh_left == 1 ? refresh_period : refresh_left - 1;
            if (refresh_period != 0 && refresh_left == 1) refresh_due <= 1;
            if (claims) burst_due <= 1;
        end
endmodule
