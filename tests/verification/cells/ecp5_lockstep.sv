// The same random inputs for a design's RTL and its netlist: their outputs are compared each cycle.
// Writes which bits of the outputs have changed in the end.
`timescale 1ns / 1ns
module top #(parameter CYCLES = 1, INPUTS = 1, OUTPUTS = 1);
    logic clk = 0;
    always #1 clk = ~clk;
    logic rst = 1;
    bit [INPUTS-1:0] inputs;
    logic [OUTPUTS-1:0] expected, outputs, previous;
    bit [OUTPUTS-1:0] moved = 0;
    int cycle = 0;
    rtl rtl(.clk(clk), .rst(rst), .inputs(inputs), .outputs(expected));
    cells cells(.clk(clk), .rst(rst), .inputs(inputs), .outputs(outputs));
    always @(posedge clk) begin
        cycle <= cycle + 1;
        rst <= cycle < 3;
        for (int i = 0; i < INPUTS; i++) inputs[i] <= 1'($urandom_range(1));
        previous <= expected;
        if (!rst) begin
            moved <= moved | (expected ^ previous);
            if (outputs !== expected) begin
                $display("cycle %0d: difference %h", cycle, outputs ^ expected);
                $fatal(1);
            end
        end
        if (cycle == CYCLES) begin
            $display("moved %h", moved);
            $finish;
        end
    end
endmodule
