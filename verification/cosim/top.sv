// Test bench top: the chip with its main memory, the clock, and the few signals that Python looks at.
//
// The clock runs here, so that Python sleeps through it. It wakes on three events only: a byte
// sent by the UART, a heartbeat every 2**HEARTBEAT cycles, and the end of the run.
// Plusargs: +cycle_limit=N (the watchdog), +bare (end by $finish: for runs without Python),
// +activity=FILE (when which engine of the accelerator worked), and those of chip.
`timescale 1ns / 1ns
module top #(
    parameter int unsigned BUS_BYTES = 8,
    parameter bit [31:0] MEMORY_BASE = 32'h40000000
);
    /* verilator public_module */  // main.cpp reads its signals
    localparam int HEARTBEAT = 20;
    localparam int ENGINES = 3;
    localparam int ACTIVITY_GAP = 16;
    localparam bit [1:0] RUNNING = 0, FINISHED = 1, WATCHDOG = 2, BUS_ERROR = 3;

    logic clk = 0;
    always #1 clk = ~clk;

    logic rst = 1;
    longint unsigned cycle = 0;
    longint unsigned cycle_limit;
    bit bare;
    initial begin
        if (!$value$plusargs("cycle_limit=%d", cycle_limit)) cycle_limit = '1;
        bare = $test$plusargs("bare") != 0;
    end

    logic sent, finish, bus_error;
    logic [31:0] chip_time;
    logic [ENGINES-1:0] activity;
    logic [7:0] sent_byte;
    logic [31:0] status, trap_cause, trap_pc, trap_value;

    logic debug_stb = 0;
    logic [29:0] debug_adr = 0;
    logic debug_ack, debug_err;
    logic [31:0] debug_dat_r;

    bit [1:0] reason = RUNNING;
    bit stopped = 0;
    chip #(
        .BUS_BYTES(BUS_BYTES),
        .MEMORY_BASE(MEMORY_BASE)
    ) chip (
        .preloaded(1'b1),
        .clock_hz(32'd0),
        .uart_rx(1'b1),
        .uart_tx(),
        .uart_sent(sent),
        .uart_byte(sent_byte),
        .cycles(chip_time),
        .dump(reason != RUNNING && !stopped),
        .*
    );

    // What Python sees: `uart_event` and `heartbeat` change once for each event.
    bit uart_event = 0;
    bit [7:0] uart_byte;
    bit heartbeat = 0;
    always_ff @(posedge clk) begin
        cycle <= cycle + 1;
        if (cycle == 3) rst <= 0;
        if (sent) begin
            uart_event <= ~uart_event;
            uart_byte <= sent_byte;
        end
        heartbeat <= cycle[HEARTBEAT];
        if (reason == RUNNING) begin
            if (finish) reason <= FINISHED;
            else if (bus_error) reason <= BUS_ERROR;
            else if (cycle >= cycle_limit) reason <= WATCHDOG;
        end
        // The cycle in between is the memory's, to write its dump.
        stopped <= reason != RUNNING;
        if (stopped && bare) $finish;
    end

    // A line "engine begin end" for each stretch of work, pauses of up to ACTIVITY_GAP included.
    int activity_file = 0;
    string activity_name;
    bit [ENGINES-1:0] at_work = 0;
    bit [31:0] work_begin[ENGINES];
    bit [31:0] work_end[ENGINES];
    initial
        if ($value$plusargs("activity=%s", activity_name))
            activity_file = $fopen(activity_name, "w");
    always_ff @(posedge clk)
        if (activity_file != 0)
            for (int engine = 0; engine < ENGINES; engine++)
                if (activity[engine]) begin
                    if (!at_work[engine]) work_begin[engine] <= chip_time;
                    at_work[engine] <= 1;
                    work_end[engine] <= chip_time + 1;
                end else if (at_work[engine]
                             && (reason != RUNNING || chip_time - work_end[engine] > ACTIVITY_GAP)) begin
                    $fdisplay(activity_file, "%0d %0d %0d", engine, work_begin[engine],
                              work_end[engine]);
                    at_work[engine] <= 0;
                    if (reason != RUNNING) $fflush(activity_file);
                end

`ifdef NETLIST
    wire [31:0] cpu_pc = 0;  // synthesis has left it out
`else
    wire [31:0] cpu_pc = chip.soc.cpu.core.lastStagePc;
`endif

    // A register read by Python, after the end: set debug_adr and debug_stb, wait for debug_done.
    bit debug_done = 0;
    bit debug_failed;
    bit [31:0] debug_data;
    always_ff @(posedge clk)
        if (!debug_stb) debug_done <= 0;
        else if (debug_ack) begin
            debug_done <= 1;
            debug_failed <= debug_err;
            debug_data <= debug_dat_r;
        end
endmodule
