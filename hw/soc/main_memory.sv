// Main memory, a simulation model: takes requests and answers them, in order, as two devices say
// (memory_device.sv): `memory`, and `weight_memory` for the bytes from +constants=FIRST on, up to
// +constants_end=LAST, where those are given. Addresses outside its first `bytes` are answered with
// an error, as late as others. One model serves all main memories.
//
// At time 0 it takes the raw bytes of +image=FILE, from its first word on, each word's last byte
// first ($fread fills words from the top). On `dump` it writes the words listed in +ranges=FILE
// (lines "first count") to +dump=FILE, in the order of bytes in memory. +memory_events=FILE gets a
// line "device event cycle" for each page or burst that is opened (event 0) and each refresh (1),
// device 0 being `memory`.
module main_memory #(
    parameter int unsigned BUS_BYTES = 8,
    parameter int unsigned CAPACITY = 67108864,  // the most that `bytes` can be
    parameter bit [31:0] BASE = 32'h40000000
) (
    input logic clk,
    input logic rst,
    input logic [31:0] bytes,
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
    localparam int unsigned PLACES = 128;  // more than an answer takes, in cycles

    logic [8*BUS_BYTES-1:0] words[WORDS];

    wire [31:0] offset = {adr, {$clog2(BUS_BYTES) {1'b0}}} - BASE;
    wire in_range = offset < bytes;
    wire [INDEX_BITS-1:0] index = offset[$clog2(BUS_BYTES)+:INDEX_BITS];

    // Constants lie in the second device.
    bit [31:0] constants = 0, constants_end = 0;
    initial
        if ($value$plusargs("constants=%d", constants) != 0)
            if ($value$plusargs("constants_end=%d", constants_end) == 0) constants_end = 0;
    wire second = offset >= constants && offset < constants_end;

    logic [31:0] now;  // cycles since reset
    always_ff @(posedge clk) now <= rst ? 0 : now + 1;

    logic [1:0] device_takes, opens, refreshes;
    logic [31:0] device_answer[2];
    memory_device #(
        .NAME("memory"),
        .BUS_BYTES(BUS_BYTES)
    ) main_device (
        .stb(stb && !second),
        .takes(device_takes[0]),
        .answer(device_answer[0]),
        .opens(opens[0]),
        .refreshes(refreshes[0]),
        .*
    );
    memory_device #(
        .NAME("weight_memory"),
        .BUS_BYTES(BUS_BYTES)
    ) weight_device (
        .stb(stb && second),
        .takes(device_takes[1]),
        .answer(device_answer[1]),
        .opens(opens[1]),
        .refreshes(refreshes[1]),
        .*
    );

    wire takes = (device_takes[0] || device_takes[1]) && !rst;
    assign stall = !(device_takes[0] || device_takes[1]);

    always_ff @(posedge clk)
        if (takes && we && in_range)
            for (int i = 0; i < BUS_BYTES; i++)
                if (sel[i]) words[index][8*i+:8] <= dat_w[8*i+:8];

    // An answer waits in the place of its cycle; one that would overtake another follows it.
    logic [31:0] last;  // cycle of the last answer
    wire [31:0] own = device_answer[second];
    wire [31:0] answer = own > last ? own : last + 1;
    wire at_once = answer == now + 1;
    logic [PLACES-1:0] ring_ack, ring_err;
    logic [8*BUS_BYTES-1:0] ring_data[PLACES];
    localparam int unsigned PLACE_BITS = $clog2(PLACES);
    wire [PLACE_BITS-1:0] place = answer[PLACE_BITS-1:0];
    wire [PLACE_BITS-1:0] following = now[PLACE_BITS-1:0] + 1'b1;
    always_ff @(posedge clk)
        if (rst) begin
            ring_ack <= 0;
            ring_err <= 0;
            ack <= 0;
            err <= 0;
            last <= 0;
        end else begin
            ack <= ring_ack[following] || (takes && at_once && in_range);
            err <= ring_err[following] || (takes && at_once && !in_range);
            if (takes && at_once) dat_r <= words[index];
            else if (ring_ack[following]) dat_r <= ring_data[following];
            ring_ack[following] <= 0;
            ring_err[following] <= 0;
            if (takes) begin
                last <= answer;
                if (!at_once) begin
                    ring_ack[place] <= in_range;
                    ring_err[place] <= !in_range;
                    ring_data[place] <= words[index];
                end
            end
        end

    int events = 0;
    string events_path;
    initial
        if ($value$plusargs("memory_events=%s", events_path) != 0)
            events = $fopen(events_path, "w");
    always_ff @(posedge clk)
        if (events != 0 && !rst)
            for (int i = 0; i < 2; i++) begin
                if (opens[i]) $fdisplay(events, "%0d 0 %0d", i, now);
                if (refreshes[i]) $fdisplay(events, "%0d 1 %0d", i, now);
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
            if (events != 0) $fflush(events);
        end
endmodule
