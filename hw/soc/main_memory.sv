// Main memory, a simulation model: answers each request after exactly `latency` cycles (1 to 64),
// moves one word of the bus a cycle, and answers addresses outside its first `bytes` with an error.
// Both are constant during a run; one model serves all of them.
//
// At time 0 it takes the raw bytes of +image=FILE, from its first word on, each word's last byte
// first ($fread fills words from the top). On `dump` it writes the words listed in +ranges=FILE
// (lines "first count") to +dump=FILE, in the order of bytes in memory.
module main_memory #(
    parameter int unsigned BUS_BYTES = 8,
    parameter int unsigned CAPACITY = 67108864,  // the most that `bytes` can be
    parameter bit [31:0] BASE = 32'h40000000
) (
    input logic clk,
    input logic rst,
    input logic [31:0] bytes,
    input logic [31:0] latency,
    input logic stb,
    input logic we,
    input logic [31-$clog2(BUS_BYTES):0] adr,
    input logic [BUS_BYTES-1:0] sel,
    input logic [8*BUS_BYTES-1:0] dat_w,
    output logic stall,
    output logic ack,
    output logic err,
    output logic [8*BUS_BYTES-1:0] dat_r,
    input logic dump
);
    localparam int unsigned WORDS = CAPACITY / BUS_BYTES;
    localparam int unsigned INDEX_BITS = $clog2(WORDS);
    localparam int unsigned PLACES = 64;

    logic [8*BUS_BYTES-1:0] words[WORDS];

    wire [31:0] offset = {adr, {$clog2(BUS_BYTES) {1'b0}}} - BASE;
    wire in_range = offset < bytes;
    wire [INDEX_BITS-1:0] index = offset[$clog2(BUS_BYTES)+:INDEX_BITS];

    assign stall = 1'b0;

    always_ff @(posedge clk)
        if (stb && we && in_range && !rst)
            for (int i = 0; i < BUS_BYTES; i++)
                if (sel[i]) words[index][8*i+:8] <= dat_w[8*i+:8];

    // An answer waits in a ring of latency - 1 places and the output register.
    wire ack_now = stb && in_range && !rst;
    wire err_now = stb && !in_range && !rst;
    logic ring_ack[PLACES];
    logic ring_err[PLACES];
    logic [8*BUS_BYTES-1:0] ring_data[PLACES];
    logic [$clog2(PLACES)-1:0] place = 0;
    always_ff @(posedge clk)
        if (latency == 1) begin
            ack <= ack_now;
            err <= err_now;
            if (ack_now) dat_r <= words[index];
        end else begin
            ring_ack[place] <= ack_now;
            ring_err[place] <= err_now;
            if (ack_now) ring_data[place] <= words[index];
            ack <= ring_ack[place];
            err <= ring_err[place];
            dat_r <= ring_data[place];
            place <= 32'(place) + 2 == latency ? '0 : place + 1'b1;
        end

    int image, got;
    string image_path;
    initial
        if ($value$plusargs("image=%s", image_path)) begin
            image = $fopen(image_path, "rb");
            if (image == 0) $fatal(1, "%s: cannot be read", image_path);
            got = $fread(words, image);
            $fclose(image);
        end

    int ranges, first, count, out;
    string ranges_path, out_path;
    always @(posedge clk)
        if (dump && $value$plusargs("ranges=%s", ranges_path)
            && $value$plusargs("dump=%s", out_path)) begin
            ranges = $fopen(ranges_path, "r");
            out = $fopen(out_path, "wb");
            while ($fscanf(ranges, "%d %d", first, count) == 2)
                for (int i = first; i < first + count; i++) $fwrite(out, "%u", words[i]);
            $fclose(out);
            $fclose(ranges);
        end
endmodule
