// Gives `cells` a request each cycle, and writes down what it answers before each clock edge.
`timescale 1ns / 1ns
module top #(parameter CYCLES = 1);
    logic clk = 0;
    always #1 clk = ~clk;
    logic [73:0] requests[CYCLES];
    logic [586:0] outputs;
    int cycle = 0;
    int file;
    cells cells(.clk(clk), .request(requests[cycle]), .outputs(outputs));
    initial begin
        $readmemh("requests.hex", requests);
        file = $fopen("outputs.hex", "w");
    end
    always @(posedge clk) begin
        $fdisplay(file, "%h", outputs);
        cycle <= cycle + 1;
        if (cycle == CYCLES - 1) $finish;
    end
endmodule
